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
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXCLUSIONS = HERE / 'coverage_exclusions.txt'
# What takes long and looks at one file, or compiles it again.
TESTS = ['-R', '^(agent|fuzz|fake)/', '-E', 'mutants$|power_cuts$|golden_layout$']
TARGETS = ['connect_auth_fuzz', 'connect_auth_agent_tests']


def tool(name):
    found = shutil.which(f'{name}-14') or shutil.which(name)
    if found is None:
        sys.exit(f'coverage: no {name}: see tests/setup')
    return found


def measure(build):
    """Builds and runs. Returns what llvm-cov has to say, as lcov's text."""
    profiles = build / 'profiles'
    shutil.rmtree(profiles, ignore_errors=True)
    for command in (['cmake', '--preset', 'coverage', '-B', build], ['cmake', '--build', build, '--target', *TARGETS]):
        subprocess.run(['nice', *command], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(['nice', 'ctest', *TESTS, '-j', str(os.cpu_count()), '--output-on-failure', '-Q'], cwd=build, check=True,
                   env={**os.environ, 'LLVM_PROFILE_FILE': str(profiles / '%p.profraw')})
    merged = build / 'merged.profdata'
    subprocess.run([tool('llvm-profdata'), 'merge', '-sparse', '-o', merged, *sorted(profiles.glob('*.profraw'))], check=True)
    programs = sorted(path for folder in ('agent', 'fuzz', 'fake') for path in (build / 'tests' / folder).iterdir()
                      if path.is_file() and os.access(path, os.X_OK))
    objects = [part for path in programs for part in ('-object', path)]
    return [subprocess.run([tool('llvm-cov'), 'export', f'-instr-profile={merged}', f'-format={form}', '-skip-expansions',
                            *objects[1:], ROOT / 'agent'], stdout=subprocess.PIPE, check=True).stdout.decode()
            for form in ('lcov', 'text')]


def of_agent(path):
    """Relative to the project; None: another's."""
    path = pathlib.Path(path)
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ''
    return name if name.startswith('agent/') else None


def lines_of(lcov):
    """{file: {line: how often it was reached}}"""
    found = collections.defaultdict(dict)
    for line in lcov.splitlines():
        key, _, rest = line.partition(':')
        if key == 'SF':
            name = of_agent(rest)
        elif key == 'DA' and name:
            number, count = (int(part) for part in rest.split(',')[:2])
            found[name][number] = max(count, found[name].get(number, 0))
    return found


def branches_of(exported):
    """{file: {(line, column, way): how often it went there}}; the sum over all instances of a template."""
    found = collections.defaultdict(collections.Counter)
    for entry in json.loads(exported)['data'][0]['functions']:
        for branch in entry['branches']:
            line, column, _, _, taken, not_taken, index = branch[:7]
            name = of_agent(entry['filenames'][index])
            if name:
                found[name][line, column, 'true'] += taken
                found[name][line, column, 'false'] += not_taken
    return found


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
        texts = (ROOT / name).read_text().splitlines()
        self.name = name
        self.missed_lines = [(n, texts[n - 1].strip()) for n, count in sorted(lines.items()) if count == 0]
        self.missed_branches = [(at[0], texts[at[0] - 1].strip(), at[2]) for at, count in sorted(branches.items()) if count == 0]
        self.lines, self.branches = len(lines), len(branches)
        missed = {text for _, text, *_ in [*self.missed_lines, *self.missed_branches]}
        self.used = {(name, text) for text in missed if (name, text) in excluded}
        self.open = [f'{name}:{n}: {text}' for n, text in self.missed_lines if (name, text) not in excluded]
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
    lcov, exported = measure(options.build.resolve())
    lines, branches, excluded = lines_of(lcov), branches_of(exported), exclusions()
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
