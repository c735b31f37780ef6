#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the firmware's image consists of, from its link map, against the committed table.

usage: image.py [--update] MAP

Octets of code and constants, and of RAM, by component. A drift of more than 128 fails, as that may come from
another patch level of a library; --update writes the table.
"""
import argparse
import collections
import json
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).with_name('smartfusion2.json')
DRIFT = 128
CODE, RAM = 196608, 65536
PLACED = re.compile(r'^ (\.(?:text|rodata|vectors|data|tdata|bss|tbss|noinit)\S*|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$', re.MULTILINE)
COMPONENTS = (('connect_auth_cjson', 'cJSON'), ('cJSON', 'cJSON'), ('libconnect_auth_agent', 'agent'),
              ('libconnect_auth_mbedtls', 'mbedTLS'), ('libconnect_auth_platform_lwip', 'platform/lwip'),
              ('liblwip', 'lwIP'), ('libgcc', 'libgcc'), ('libc.a', 'libc'),
              ('libconnect_auth_platform_smartfusion2', 'application and drivers'),
              ('connect_auth_board_smartfusion2', 'application and drivers'),
              ('connect_auth_firmware', 'application and drivers'))


def component(origin):
    return next((name for part, name in COMPONENTS if part in origin), 'other')


def measure(path):
    text = path.read_text().partition('Linker script and memory map')[2]
    text = re.sub(r'^ (\.\S+)\n\s+0x', r' \1 0x', text, flags=re.MULTILINE)  # Long names have a line.
    sizes = collections.Counter()
    for _, address, size, origin in PLACED.findall(text):
        address, size = int(address, 16), int(size, 16)
        if address < 0x40000 and size and address:
            sizes[f'code: {component(origin)}'] += size
        elif 0x20000000 <= address < 0x20010000:
            sizes[f'RAM: {component(origin)}'] += size
    symbols = {name: int(value, 16) for value, name in re.findall(
        r'^\s+0x([0-9a-f]+)\s+(\w+) = ', text, flags=re.MULTILINE)}
    sizes['code: all'] = symbols['code_used']
    sizes['RAM: all, with stacks'] = symbols['ram_end'] - 0x20000000
    return dict(sorted(sizes.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('map', type=pathlib.Path)
    options = parser.parse_args()
    now = measure(options.map)
    if options.update:
        TABLE.write_text(json.dumps(now, indent=2) + '\n')
    before = json.loads(TABLE.read_text())
    bad = False
    for row in dict.fromkeys([*now, *before]):
        change = now.get(row, 0) - before.get(row, 0)
        bad = bad or abs(change) > DRIFT
        print(f'{row:32}{now.get(row, 0):8}{change:+8}')
    print(f'free: {CODE - now["code: all"]} of {CODE} octets of code, '
          f'{RAM - now["RAM: all, with stacks"]} of {RAM} of RAM')
    if bad:
        print('the image has changed: image.py --update, and say why in the commit')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
