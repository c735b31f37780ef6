#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures which lines and branches of agent/ the unit tests and the corpora of the fuzz targets reach, with
clang's source-based coverage, and prints a table. What is not reached has to stand in coverage_exclusions.txt,
with the reason why; what stands there and is reached is told as well.

usage: coverage.py [--build DIR]

Exit code: 0 all that is not excluded is reached; 1 something is not, or need not be excluded any more.
"""
import argparse
import collections
import concurrent.futures
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXCLUSIONS = HERE / 'coverage_exclusions.txt'
SLOW = '_power_cuts'  # It takes long, and looks at a file that others look at, too.
TARGETS = ['connect_auth_fuzz', 'connect_auth_agent_tests']


def tool(name):
    found = shutil.which(f'{name}-14') or shutil.which(name)
    if found is None:
        sys.exit(f'coverage: no {name}: see tests/setup')
    return found


def measure_program(program):
    """Runs a test, or a fuzz target over its corpus. Returns what llvm-cov has to say, as lcov and as JSON. Each for
    itself: two programs may have functions of one name that are not the same."""
    raw, merged = (program.parent / f'{program.name}.{suffix}' for suffix in ('profraw', 'profdata'))
    corpus = HERE / 'corpus' / program.name.removeprefix('fuzz_')
    subprocess.run(['nice', program, *([corpus] if program.name.startswith('fuzz_') else [])], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, 'LLVM_PROFILE_FILE': str(raw)})
    subprocess.run([tool('llvm-profdata'), 'merge', '-sparse', '-o', merged, raw], check=True)
    return [subprocess.run([tool('llvm-cov'), 'export', f'-instr-profile={merged}', f'-format={form}', '-skip-expansions',
                            program, ROOT / 'agent'], stdout=subprocess.PIPE, check=True).stdout.decode()
            for form in ('lcov', 'text')]


def measure(build):
    """Builds and runs all. Returns lines and branches, see `add_lines` and `add_branches`."""
    for command in (['cmake', '--preset', 'coverage', '-B', build], ['cmake', '--build', build, '--target', *TARGETS]):
        subprocess.run(['nice', *command], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    programs = sorted(path for folder in ('agent', 'fuzz', 'fake') for path in (build / 'tests' / folder).iterdir()
                      if path.suffix == '' and path.is_file() and os.access(path, os.X_OK)
                      and not path.name.endswith(SLOW))
    lines, branches = collections.defaultdict(dict), collections.defaultdict(collections.Counter)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for lcov, exported in pool.map(measure_program, programs):
            add_lines(lcov, lines)
            add_branches(exported, branches)
    return lines, branches


def of_agent(path):
    """Relative to the project; None: another's."""
    path = pathlib.Path(path)
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ''
    return name if name.startswith('agent/') else None


def add_lines(lcov, found):
    """found  {file: {line: how often it was reached}}"""
    for line in lcov.splitlines():
        key, _, rest = line.partition(':')
        if key == 'SF':
            name = of_agent(rest)
        elif key == 'DA' and name:
            number, count = (int(part) for part in rest.split(',')[:2])
            found[name][number] = max(count, found[name].get(number, 0))


@functools.cache
def text_of(name):
    return (ROOT / name).read_text().splitlines()


def is_switch(name, line):
    """Its own branch is the way past all cases, which there is not: none is left out (-Wswitch-enum)."""
    return text_of(name)[line - 1].strip().startswith('switch (')


def add_branches(exported, found):
    """found  {file: {(line, column, way): how often it went there}}; the sum over all instances of a template"""
    for entry in json.loads(exported)['data'][0]['functions']:
        for branch in entry['branches']:
            line, column, _, _, taken, not_taken, index = branch[:7]
            name = of_agent(entry['filenames'][index])
            if name and not is_switch(name, line):
                found[name][line, column, 'true'] += taken
                found[name][line, column, 'false'] += not_taken


def exclusions():
    """{(file, text of the line): reason}"""
    found = {}
    paragraphs = EXCLUSIONS.read_text().split('\n\n')
    for paragraph in paragraphs:
        lines = [line for line in paragraph.splitlines() if line and not line.startswith('#')]
        if lines:
            *places, reason = lines
            for place in places:
                name, _, text = place.partition(': ')
                found[name, text.strip()] = reason.strip()
    return found


class File:
    """What is known of one file."""

    def __init__(self, name, lines, branches, excluded):
        texts = text_of(name)
        self.name = name
        self.missed_lines = [(n, texts[n - 1].strip()) for n, count in sorted(lines.items()) if count == 0]
        self.missed_branches = [(at[0], texts[at[0] - 1].strip(), at[2]) for at, count in sorted(branches.items()) if count == 0]
        self.lines, self.branches = len(lines), len(branches)
        missed = {text for _, text, *_ in [*self.missed_lines, *self.missed_branches]}
        self.used = {(name, text) for text in missed if (name, text) in excluded}
        # A bracket is missed with what stands in front of it.
        self.open = [f'{name}:{n}: {text}' for n, text in self.missed_lines if (name, text) not in excluded and text != '}']
        self.open += [f'{name}:{n}: never {way}: {text}' for n, text, way in self.missed_branches if (name, text) not in excluded]


def percent(part, whole):
    return '100.0 %' if whole == 0 else f'{100 * part / whole:.1f} %'


def row(name, files):
    lines, branches = sum(f.lines for f in files), sum(f.branches for f in files)
    reached = lines - sum(len(f.missed_lines) for f in files)
    ways = branches - sum(len(f.missed_branches) for f in files)
    return f'{name:44}{reached:6}/{lines:<6}{percent(reached, lines):>8}{ways:7}/{branches:<6}{percent(ways, branches):>8}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build/coverage', help='(default: build/coverage)')
    options = parser.parse_args()
    lines, branches = measure(options.build.resolve())
    excluded = exclusions()
    files = [File(name, lines[name], branches[name], excluded) for name in sorted(lines)]
    print(f'{"":44}{"lines":>21}{"branches":>22}')
    print('\n'.join(row(f.name, [f]) for f in files))
    print(row('all', files))
    problems = [problem for f in files for problem in f.open]
    used = set().union(*(f.used for f in files))
    problems += [f'{name}: reached, or not there any more: {text}' for name, text in excluded if (name, text) not in used]
    for problem in problems:
        print(f'coverage: {problem}')
    print(f'coverage: {len(excluded)} places excluded, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
