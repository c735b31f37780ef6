#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzz targets of build/fuzz under libFuzzer, and prints what came of each. Made with: cmake
--preset fuzz && cmake --build --preset fuzz. What a run finds worth keeping stays in build/fuzz/corpus,
and is where the next one begins, beside tests/fuzz/corpus and the seeds of seeds.py.

Exit code: 0 all is well; 1 a property is broken, or memory is misused: the input is kept, and the
command printed that shows it; 2 a target is missing, or no fuzzer. With --news what is found by chance
is printed and no failure, as it may be as old as the code; what the corpora show still is one.
"""
import argparse
import concurrent.futures
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST_BYTES = 4096  # of an input; longer ones are slow and find nothing more
SECONDS_PER_INPUT = 30  # It hangs.
PROGRESS = re.compile(rb'^#(\d+)\s+\w+\s+cov: (\d+) ft: \d+ corp: (\d+)/', re.MULTILINE)
STATISTIC = re.compile(rb'^stat::(\w+):\s+(\d+)', re.MULTILINE)
KEPT = re.compile(rb'Test unit written to (.+)$', re.MULTILINE)
COLUMNS = ('target', 'executions', 'per second', 'corpus', 'edges', 'new units')


def targets():
    """All there are, by their sources."""
    return sorted(path.stem.removeprefix('fuzz_') for path in HERE.glob('fuzz_*.cc'))


def command_of(name, build, seconds):
    """What runs a target for so long, and the corpus that it adds to."""
    grown = build / 'corpus' / name
    grown.mkdir(parents=True, exist_ok=True)
    findings = build / 'findings'
    findings.mkdir(exist_ok=True)
    folders = [grown, *(folder for folder in (HERE / 'corpus' / name, build / 'seeds' / name) if folder.is_dir())]
    dictionary = HERE / 'dictionaries' / f'{name}.dict'
    options = [f'-dict={dictionary}'] if dictionary.exists() else []
    return [build / 'tests/fuzz' / f'fuzz_{name}', f'-max_total_time={seconds}', f'-max_len={MOST_BYTES}',
            f'-timeout={SECONDS_PER_INPUT}', '-print_final_stats=1', '-rss_limit_mb=2048', '-detect_leaks=1',
            f'-artifact_prefix={findings}/{name}-', *options, *folders]


def replay(name, build):
    """What goes wrong with the corpus, or nothing."""
    program, *options = command_of(name, build, 0)
    done = subprocess.run(['nice', program, '-runs=0', *options], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    return '' if done.returncode == 0 else explain(name, program, done)


def run(name, build, seconds):
    """Returns (the row of the table, what went wrong, or nothing)."""
    command = command_of(name, build, seconds)
    if not command[0].exists():
        return [name, 'not built', '', '', '', ''], f'{name}: {command[0]} is missing'
    done = subprocess.run(['nice', *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    (build / 'findings' / f'{name}.log').write_bytes(done.stderr)
    progress = PROGRESS.findall(done.stderr) or [(b'0', b'0', b'0')]
    statistics = {key.decode(): int(value) for key, value in STATISTIC.findall(done.stderr)}
    _, edges, corpus = (int(number) for number in progress[-1])
    row = [name, statistics.get('number_of_executed_units', 0), statistics.get('average_exec_per_sec', 0), corpus,
           edges, statistics.get('new_units_added', 0)]
    return row, '' if done.returncode == 0 else explain(name, command[0], done)


def explain(name, program, done):
    """What a person needs to see it again."""
    kept = KEPT.search(done.stderr)
    words = [line for line in done.stderr.decode(errors='replace').splitlines()
             if line.startswith(('property broken', 'SUMMARY')) or 'runtime error' in line or ' ERROR: ' in line]
    again = shlex.join([str(program), kept.group(1).decode()]) if kept else f'exit code {done.returncode}'
    return '\n  '.join([f'{name}:', *words, again])


def table(rows):
    """The rows in columns, numbers to the right."""
    lines = [COLUMNS, *([row[0], *(f'{cell:,}' if isinstance(cell, int) else cell for cell in row[1:])] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return '\n'.join('  '.join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])
                     for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=int, default=60, help='for each target (default: 60)')
    parser.add_argument('-j', type=int, default=2, help='targets at a time (default: 2)')
    parser.add_argument('--only', action='append', metavar='NAME', help='one target; may be repeated')
    parser.add_argument('--news', action='store_true', help='print what is found, and fail for the corpora only')
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build/fuzz', help='(default: build/fuzz)')
    options = parser.parse_args()
    unknown = set(options.only or ()) - set(targets())
    if unknown:
        print(f'fuzz: no target {", ".join(sorted(unknown))}; there are {", ".join(targets())}', file=sys.stderr)
        return 2
    build = options.build.resolve()
    subprocess.run([sys.executable, HERE / 'seeds.py', build / 'seeds'], check=True)
    names = options.only or targets()
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        known = [problem for problem in pool.map(lambda name: replay(name, build), names) if problem] \
            if options.news and all(command_of(name, build, 0)[0].exists() for name in names) else []
        results = list(pool.map(lambda name: run(name, build, options.seconds), names))
    print(table([row for row, _ in results]))
    problems = known + [problem for _, problem in results if problem]
    for problem in problems:
        print(f'fuzz: {problem}', file=sys.stderr)
    if any(row[1] == 'not built' for row, _ in results):
        return 2
    return 1 if known or (problems and not options.news) else 0


if __name__ == '__main__':
    sys.exit(main())
