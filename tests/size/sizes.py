#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flash and stack of the agent and of platform/freertos, on x86-64 and on Cortex-M0+, M3, M4 and M33, against
the committed tables.

usage: sizes.py --build DIR [--update] [--tables DIR]
DIR: a build with the preset minsize: parts as compiled, for all; and the image for x86-64
     a build with the preset smartfusion2: the images for Cortex-M3

Sizes are octets of code and constants (.text and .rodata): of each part as compiled, or of what is left
of it in the images of minimal.cc, c_minimal.c and request.cc. A drift of more than 64 fails. Stack is per function: up
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
NATIVE = 'x86-64'
PROCESSORS = 'cortex-m0plus', 'cortex-m3', 'cortex-m4', 'cortex-m33'
CORTEX_M3_IMAGES = 'cortex-m3-gcc12-images.json'
CROSS = 'arm-none-eabi-'
CROSS_FLAGS = ['-mthumb', '-fno-asynchronous-unwind-tables', '-fno-pic']
DRIFT = 64
STACK = 256
SKIPPED = 77
LIBRARY_ROWS = ('mbedTLS', 'cJSON', 'libc', 'libgcc', 'with all libraries')
COUNTED = r'\.(?:text|rodata)[^\s]*'
MAP_LINE = re.compile(rf'^ {COUNTED}\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$', re.MULTILINE)
LIBRARIES = {'libconnect_auth_mbedtls.a': 'mbedTLS', 'libc.a': 'libc', 'libgcc.a': 'libgcc'}
AGENT = 'libconnect_auth_agent.a'
# Over lwIP and FreeRTOS-Plus-TCP with both kinds of addresses, and the stand-ins' configuration.
FREERTOS = ROOT / 'platform/freertos'
FREERTOS_TARGET = 'connect_auth_platform_freertos_on_host.dir'
# Row, the part it belongs to, header and type.
OBJECTS = (('RAM of a ring', 'store: ring', 'agent/store/ring_storage.h', 'RingStorage'),
           ('RAM of a FreeRTOS facade', 'FreeRTOS: shared_agent', 'platform/freertos/shared_agent.h',
            'freertos::SharedAgent'),
           ('RAM of a FreeRTOS connection', 'FreeRTOS: socket_connection', 'platform/freertos/socket_connection.h',
            'freertos::SocketConnection'),
           ('RAM of a FreeRTOS-Plus-TCP connection', 'FreeRTOS: plus_tcp_connection',
            'platform/freertos/plus_tcp_connection.h', 'freertos::PlusTcpConnection'),
           ('RAM of a FreeRTOS clock', 'FreeRTOS: tick_clock', 'platform/freertos/tick_clock.h',
            'freertos::TickClock'))


def output(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout


def is_comparable(compiler, machine):
    if not shutil.which(compiler):
        return False
    version = output(compiler, '-dumpfullversion', '-dumpversion').split('.')[0]
    return version == '12' and output(compiler, '-dumpmachine').startswith(machine)


def part_of(path):
    """The part of the agent that a source file belongs to."""
    if path.name.startswith('ring_'):
        return 'store: ring'
    if path.name.startswith('proxy_'):
        return 'http: proxy'
    if path.name.startswith('extra_fields'):
        return 'http: extra fields'
    folders = path.relative_to(ROOT / 'agent').parts
    return folders[0] if len(folders) > 1 else path.name


def units(build):
    """Yields (part, compile command) of everything in the agent's archive, and of platform/freertos."""
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        path = pathlib.Path(entry['directory'], entry['file'])
        if path.is_relative_to(ROOT / 'agent'):
            yield part_of(path), entry
        elif 'connect_auth_cjson.dir' in entry['command']:
            yield 'cJSON', entry
        elif path.is_relative_to(FREERTOS) and FREERTOS_TARGET in entry['command']:
            yield f'FreeRTOS: {path.stem}', entry


def command_for(processor, entry):
    command = shlex.split(entry['command'])
    if processor == NATIVE:
        return command
    name = 'g++' if '++' in pathlib.Path(command[0]).name else 'gcc'
    # The host's program shows client certificates; firmware does not unless it is told to.
    options = [word for word in command[1:] if not word.startswith('-DCONNECT_AUTH_CLIENT_CERTIFICATE=')]
    return [CROSS + name, *options, *CROSS_FLAGS, f'-mcpu={processor}']


def sections_of(processor, target):
    return output(('' if processor == NATIVE else CROSS) + 'size', '-A', target)


def compile_unit(entry, processor, scratch, number):
    """Returns the size of one unit, and the stack of each of its functions in our own files."""
    command = command_for(processor, entry)
    target = pathlib.Path(scratch, f'{number}.o')
    command[command.index('-o') + 1] = str(target)
    subprocess.run([*command, '-fstack-usage'], cwd=entry['directory'], check=True)
    sections = re.findall(rf'^{COUNTED} +(\d+)', sections_of(processor, target), re.MULTILINE)
    stacks = {}
    for line in target.with_suffix('.su').read_text().splitlines():
        where, size, kind = line.split('\t')
        file, _, _, function = where.split(':', 3)
        if any(pathlib.Path(file).is_relative_to(folder) for folder in (ROOT / 'agent', FREERTOS)):
            unbounded = kind == 'dynamic'
            stacks[f'{pathlib.Path(file).name}: {function}'] = 1 << 30 if unbounded else int(size)
    return sum(map(int, sections)), stacks


def image_sizes(linker_map):
    """Sizes in a linked image, by part of the agent and by library; of both, and of the agent."""
    parts = {path.name: part_of(path) for path in (ROOT / 'agent').rglob('*.cc')}
    sizes, agent = collections.Counter(), 0
    text = linker_map.read_text().partition('Linker script and memory map')[2]
    for size, origin in MAP_LINE.findall(text):
        archive, _, member = pathlib.Path(origin).name.partition('(')
        source = member.rpartition('.')[0]
        if archive == AGENT and source in parts:
            agent += int(size, 16)
            sizes[parts[source]] += int(size, 16)
        elif archive == AGENT or archive in LIBRARIES:
            sizes[LIBRARIES.get(archive, 'cJSON')] += int(size, 16)
    return {'agent': agent, 'with all libraries': sum(sizes.values()), **dict(sorted(sizes.items()))}


def native_image_sizes(build):
    sizes = image_sizes(build / 'tests/size/connect_auth_minimal.map')
    return {f'image: {part}': sizes[part] for part in ('agent', 'cJSON', 'mbedTLS')}


def measure_images(build):
    sizes = {f'{name}: {part}': size for name in ('minimal', 'c_minimal', 'request')
             for part, size in image_sizes(build / f'tests/size/connect_auth_{name}.map').items()}
    return {'sizes': sizes, 'stack': {}}


def ram_of_objects(build, processor, scratch):
    """Octets that an object takes, by row."""
    commands, sizes = dict(units(build)), {}
    for row, part, header, kind in OBJECTS:
        command = command_for(processor, commands[part])
        source, target = pathlib.Path(scratch, 'ram.cc'), pathlib.Path(scratch, 'ram.o')
        source.write_text(f'#include "{header}"\nchar ram[sizeof(connect_auth::{kind})];\n')
        command[command.index('-o') + 1], command[command.index('-c') + 1] = str(target), str(source)
        subprocess.run(command, cwd=commands[part]['directory'], check=True)
        found = re.search(r'^\.bss\.ram +(\d+)', sections_of(processor, target), re.MULTILINE)
        sizes[row] = int(found.group(1))
    return sizes


def measure(build, processor):
    parts, scratch = list(units(build)), tempfile.TemporaryDirectory()
    sizes, stacks = collections.Counter(), {}
    with scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_unit, entry, processor, scratch.name, number)
                for number, (_, entry) in enumerate(parts)]
        for (part, _), job in zip(parts, jobs):
            size, stack = job.result()
            sizes[part] += size
            stacks.update(stack)
        ram = ram_of_objects(build, processor, scratch.name)
    others = sum(size for part, size in sizes.items() if part == 'cJSON' or part.startswith('FreeRTOS'))
    sizes['agent without cJSON'] = sum(sizes.values()) - others
    large = {function: size for function, size in stacks.items() if size > STACK}
    image = native_image_sizes(build) if processor == NATIVE else {}
    return {'sizes': {**dict(sorted(sizes.items())), **image, **ram},
            'stack': dict(sorted(large.items()))}


def compare(now, before):
    """Prints both, row by row. Yields what fails."""
    for kind, allowed in (('sizes', DRIFT), ('stack', 0)):
        for row in dict.fromkeys([*now[kind], *before[kind]]):
            new, old = now[kind].get(row, 0), before[kind].get(row, 0)
            print(f'{kind:6}{row:60}{new:8}{new - old:+8}')
            if row.endswith(LIBRARY_ROWS) and row != 'agent without cJSON':
                continue  # Debian may have a newer one of the same line: shown, not judged.
            if (abs(new - old) if kind == 'sizes' else new - old) > allowed:
                yield f'{row}: {old} in the table, {new} now'


def judge(now, table, update):
    """Returns whether the sizes are those of the table."""
    print(f'\n{table.stem}')
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
    compiler = shlex.split(next(units(options.build))[1]['command'])[0]
    if is_comparable(compiler, 'arm-none-eabi'):
        return 0 if judge(measure_images(options.build), options.tables / CORTEX_M3_IMAGES,
                          options.update) else 1
    if 'CMAKE_BUILD_TYPE:STRING=MinSizeRel' not in cache or not is_comparable(compiler, 'x86_64-'):
        print(f'sizes: SKIPPED, the tables are for gcc 12 on x86-64 and the preset minsize, '
              f'and this is {compiler} in {options.build}')
        return SKIPPED
    processors = [NATIVE, *PROCESSORS]
    if not is_comparable(f'{CROSS}g++', 'arm-none-eabi'):
        print(f'sizes: SKIPPED for {", ".join(PROCESSORS)}, there is no {CROSS}g++ of version 12')
        processors = [NATIVE]
    # All of them, also after one that is not fine.
    fine = all([judge(measure(options.build, processor),
                      options.tables / f'{processor}-gcc12.json', options.update)
                for processor in processors])
    return 0 if fine else 1


if __name__ == '__main__':
    sys.exit(main())
