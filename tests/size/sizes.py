#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flash and stack of the agent, on x86-64 and on Cortex-M3, against the committed tables.

usage: sizes.py --build DIR [--update] [--tables DIR]        DIR: a build with the preset minsize

Sizes are octets of code and constants (.text and .rodata): of each part as compiled, and on x86-64 of
what is left of it in the image of minimal.cc. A drift of more than 64 fails. Stack is per function: up
to 256 is free, more must be in the table and may not grow. --update writes the tables.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Sizes of other compilers would be other sizes.
NATIVE, CORTEX_M3 = 'x86-64-gcc12.json', 'cortex-m3-gcc12.json'
CROSS = 'arm-none-eabi-'
CROSS_FLAGS = ['-mcpu=cortex-m3', '-mthumb', '-fno-asynchronous-unwind-tables', '-fno-pic']
DRIFT = 64
STACK = 256
SKIPPED = 77
COUNTED = r'\.(?:text|rodata)[^\s]*'
MAP_LINE = re.compile(rf'^ {COUNTED}\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$', re.MULTILINE)
LIBRARIES = {'libconnect_auth_agent.a': 'agent', 'libconnect_auth_mbedtls.a': 'mbedTLS'}


def output(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout


def is_comparable(compiler, machine):
    if not shutil.which(compiler):
        return False
    version = output(compiler, '-dumpfullversion', '-dumpversion').split('.')[0]
    return version == '12' and output(compiler, '-dumpmachine').startswith(machine)


def units(build):
    """Yields (part, compile command) of everything in the agent's archive."""
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        path = pathlib.Path(entry['directory'], entry['file'])
        if path.is_relative_to(ROOT / 'agent'):
            folders = path.relative_to(ROOT / 'agent').parts
            part = folders[0] if len(folders) > 1 else path.name
            yield 'store: ring' if path.name.startswith('ring_') else part, entry
        elif 'connect_auth_cjson.dir' in entry['command']:
            yield 'cJSON', entry


def cross_command(command):
    name = 'g++' if '++' in pathlib.Path(command[0]).name else 'gcc'
    return [CROSS + name, *command[1:], *CROSS_FLAGS]


def compile_unit(entry, cross, scratch, number):
    """Returns the size of one unit, and the stack of each of its functions in our own files."""
    command = shlex.split(entry['command'])
    command = cross_command(command) if cross else command
    target = pathlib.Path(scratch, f'{number}.o')
    command[command.index('-o') + 1] = str(target)
    subprocess.run([*command, '-fstack-usage'], cwd=entry['directory'], check=True)
    sections = re.findall(rf'^{COUNTED} +(\d+)', output(f'{cross}size', '-A', target), re.MULTILINE)
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


def ram_of_ring(build, cross, scratch):
    """Octets that a RingStorage object takes."""
    entry = next(entry for part, entry in units(build) if part == 'store: ring')
    command = shlex.split(entry['command'])
    command = cross_command(command) if cross else command
    source, target = pathlib.Path(scratch, 'ram.cc'), pathlib.Path(scratch, 'ram.o')
    source.write_text('#include "agent/store/ring_storage.h"\n'
                      'char ram[sizeof(connect_auth::RingStorage)];\n')
    command[command.index('-o') + 1], command[command.index('-c') + 1] = str(target), str(source)
    subprocess.run(command, cwd=entry['directory'], check=True)
    return int(re.search(r'^\.bss\.ram +(\d+)', output(f'{cross}size', '-A', target),
                         re.MULTILINE).group(1))


def measure(build, cross):
    parts, scratch = list(units(build)), tempfile.TemporaryDirectory()
    sizes, stacks = collections.Counter(), {}
    with scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_unit, entry, cross, scratch.name, number)
                for number, (_, entry) in enumerate(parts)]
        for (part, _), job in zip(parts, jobs):
            size, stack = job.result()
            sizes[part] += size
            stacks.update(stack)
        ram = ram_of_ring(build, cross, scratch.name)
    sizes['agent without cJSON'] = sum(sizes.values()) - sizes['cJSON']
    large = {function: size for function, size in stacks.items() if size > STACK}
    image = {} if cross else image_sizes(build)
    return {'sizes': {**dict(sorted(sizes.items())), **image, 'RAM of a ring': ram},
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


def judge(build, cross, table, update):
    """Returns whether the sizes are those of the table."""
    print(f'\n{table.stem}')
    now = measure(build, cross)
    problems = list(compare(now, json.loads(table.read_text()) if table.is_file()
                            else {'sizes': {}, 'stack': {}}))
    if update:
        table.write_text(json.dumps(now, indent=2) + '\n')
        return True
    for problem in problems:
        print(f'sizes: {problem} (--update accepts it)')
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, type=pathlib.Path)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--tables', default=HERE, type=pathlib.Path)
    options = parser.parse_args()
    cache = (options.build / 'CMakeCache.txt').read_text()
    compiler = re.search(r'^CMAKE_CXX_COMPILER:\w+=(.*)$', cache, re.MULTILINE).group(1)
    if 'CMAKE_BUILD_TYPE:STRING=MinSizeRel' not in cache or not is_comparable(compiler, 'x86_64-'):
        print(f'sizes: SKIPPED, the tables are for gcc 12 on x86-64 and the preset minsize, '
              f'and this is {compiler} in {options.build}')
        return SKIPPED
    fine = judge(options.build, '', options.tables / NATIVE, options.update)
    if is_comparable(f'{CROSS}g++', 'arm-none-eabi'):
        fine = judge(options.build, CROSS, options.tables / CORTEX_M3, options.update) and fine
    else:
        print(f'sizes: SKIPPED for Cortex-M3, there is no {CROSS}g++ of version 12')
    return 0 if fine else 1


if __name__ == '__main__':
    sys.exit(main())
