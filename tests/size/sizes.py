#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flash and stack of the agent, against the committed table.

usage: sizes.py --build DIR [--update] [--table FILE]        DIR: a build with the preset minsize

Sizes are octets of code and constants (.text and .rodata): of each part as compiled, and of what is
left of it in the image of minimal.cc. A drift of more than 64 fails. Stack is per function: up to
256 is free, more must be in the table and may not grow. --update writes the table.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = HERE / 'x86-64-gcc12.json'  # Sizes of another compiler would be other sizes.
DRIFT = 64
STACK = 256
SKIPPED = 77
COUNTED = r'\.(?:text|rodata)[^\s]*'
MAP_LINE = re.compile(rf'^ {COUNTED}\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$', re.MULTILINE)
LIBRARIES = {'libconnect_auth_agent.a': 'agent', 'libconnect_auth_mbedtls.a': 'mbedTLS'}


def output(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout


def is_comparable(compiler):
    version = output(compiler, '-dumpfullversion', '-dumpversion').split('.')[0]
    return version == '12' and output(compiler, '-dumpmachine').startswith('x86_64-')


def units(build):
    """Yields (part, compile command) of everything in the agent's archive."""
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        path = pathlib.Path(entry['directory'], entry['file'])
        if path.is_relative_to(ROOT / 'agent'):
            folders = path.relative_to(ROOT / 'agent').parts
            yield folders[0] if len(folders) > 1 else path.name, entry
        elif 'connect_auth_cjson.dir' in entry['command']:
            yield 'cJSON', entry


def compile_unit(entry, scratch, number):
    """Returns the size of one unit, and the stack of each of its functions in our own files."""
    command = shlex.split(entry['command'])
    target = pathlib.Path(scratch, f'{number}.o')
    command[command.index('-o') + 1] = str(target)
    subprocess.run([*command, '-fstack-usage'], cwd=entry['directory'], check=True)
    sections = re.findall(rf'^{COUNTED} +(\d+)', output('size', '-A', target), re.MULTILINE)
    stacks = {}
    for line in target.with_suffix('.su').read_text().splitlines():
        where, size, kind = line.split('\t')
        file, _, _, function = where.split(':', 3)
        if pathlib.Path(file).is_relative_to(ROOT / 'agent'):
            unbounded = kind == 'dynamic'
            stacks[f'{pathlib.Path(file).name}: {function}'] = 1 << 30 if unbounded else int(size)
    return sum(map(int, sections)), stacks


def image_sizes(build):
    """Sizes in the linked image, by library."""
    linker_map = (build / 'tests/size/connect_auth_minimal.map').read_text()
    sizes = collections.Counter()
    for size, origin in MAP_LINE.findall(linker_map.partition('Linker script and memory map')[2]):
        archive, _, member = pathlib.Path(origin).name.partition('(')
        if archive in LIBRARIES:
            part = 'cJSON' if member.startswith('cJSON') else LIBRARIES[archive]
            sizes[f'image: {part}'] += int(size, 16)
    return sizes


def measure(build):
    parts, scratch = list(units(build)), tempfile.TemporaryDirectory()
    sizes, stacks = collections.Counter(), {}
    with scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_unit, entry, scratch.name, number)
                for number, (_, entry) in enumerate(parts)]
        for (part, _), job in zip(parts, jobs):
            size, stack = job.result()
            sizes[part] += size
            stacks.update(stack)
    sizes['agent without cJSON'] = sum(sizes.values()) - sizes['cJSON']
    large = {function: size for function, size in stacks.items() if size > STACK}
    return {'sizes': {**dict(sorted(sizes.items())), **image_sizes(build)},
            'stack': dict(sorted(large.items()))}


def compare(now, before):
    """Prints both, row by row. Yields what fails."""
    for kind, allowed in (('sizes', DRIFT), ('stack', 0)):
        for row in dict.fromkeys([*now[kind], *before[kind]]):
            new, old = now[kind].get(row, 0), before[kind].get(row, 0)
            print(f'{kind:6}{row:60}{new:8}{new - old:+8}')
            if row.endswith(('mbedTLS', 'cJSON')) and row != 'agent without cJSON':
                continue  # Debian may have a newer one of the same line: shown, not judged.
            if (abs(new - old) if kind == 'sizes' else new - old) > allowed:
                yield f'{row}: {old} in the table, {new} now'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, type=pathlib.Path)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--table', default=TABLE, type=pathlib.Path)
    options = parser.parse_args()
    cache = (options.build / 'CMakeCache.txt').read_text()
    compiler = re.search(r'^CMAKE_CXX_COMPILER:\w+=(.*)$', cache, re.MULTILINE).group(1)
    if 'CMAKE_BUILD_TYPE:STRING=MinSizeRel' not in cache or not is_comparable(compiler):
        print(f'sizes: SKIPPED, the table is for gcc 12 on x86-64 and the preset minsize, '
              f'and this is {compiler} in {options.build}')
        return SKIPPED
    now = measure(options.build)
    problems = list(compare(now, json.loads(options.table.read_text())))
    if options.update:
        options.table.write_text(json.dumps(now, indent=2) + '\n')
        return 0
    for problem in problems:
        print(f'sizes: {problem} (--update accepts it)')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
