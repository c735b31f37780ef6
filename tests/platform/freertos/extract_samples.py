#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the C++ samples of platform/freertos/README.md that make up one program to a file: the one that defines a
connection of that class, and those that define none. Only what they include comes first.

usage: extract_samples.py README CLASS OUTPUT
"""
import pathlib
import re
import sys

CONNECTION = re.compile(r'(\w+) connection;')


def main():
    readme, kind, output = sys.argv[1:]
    samples = re.findall(r'^```cpp\n(.*?)^```$', pathlib.Path(readme).read_text(encoding='utf-8'), re.M | re.S)
    kinds = [match and match[1] for match in map(CONNECTION.search, samples)]
    if kinds.count(kind) != 1 or None not in kinds:
        sys.exit(f'{readme}: its samples have the connections {kinds}')
    chosen = [sample for sample, its_kind in zip(samples, kinds) if its_kind in (kind, None)]
    lines = '\n'.join(chosen).splitlines()
    lines.sort(key=lambda line: not line.startswith('#include'))
    pathlib.Path(output).write_text('\n'.join(lines) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
