#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints which contract suite passed on which platform. Fails where one that is promised here did not run.

usage: contract_table.py HOST-BUILD [TARGET-BUILD]

The builds are directories in which ctest has run all tests.
"""
import argparse
import collections
import pathlib
import re
import sys

SUITES = ('clock', 'entropy', 'flash', 'storage', 'network')
# The names of CMocka's groups that are a suite on a platform. An asterisk: it runs on the target alone.
PLATFORMS = {
    'fake': {'clock': r'fake/clock', 'entropy': r'fake/entropy', 'flash': r'fake/flash \(.*\)',
             'storage': r'fake/storage(?: \(64 KB\))?', 'network': r'fake/network'},
    'posix': {'clock': r'posix/clock', 'entropy': r'posix/entropy', 'flash': r'posix/flash \(.*\)',
              'storage': r'posix/storage', 'network': r'posix/network over .*'},
    'lwip': {'network': r'lwip/network'},
    'freertos': {'clock': r'freertos/clock', 'network': r'freertos/network'},
    'plus-tcp': {'network': r'freertos/network over FreeRTOS-Plus-TCP'},
    'esp-idf': {'entropy': r'esp-idf/entropy', 'storage': r'esp-idf/storage'},
    'zephyr': {'clock': r'zephyr/clock', 'entropy': r'zephyr/entropy', 'storage': r'zephyr/storage'},
    'smartfusion2': {'clock': r'*smartfusion2/systick_clock', 'entropy': r'smartfusion2/seed_entropy',
                     'flash': r'smartfusion2/spi_nor_flash', 'storage': r'ring on smartfusion2/spi_nor_flash'},
    'linux': {'storage': r'linux/token_store/contract, .*'},
    'agent': {'storage': r'agent/ring_storage/contract, .*', 'network': r'agent/proxy_tunnel \(contract\)'},
}
LINE = re.compile(r'\[=+\] (?P<group>.*): (?:Running \d+ |\d+ (?P<over>))test|\[ +(?P<outcome>OK|SKIPPED|FAILED) +\]')


def outcomes(build):
    """How many tests of each group came to which end."""
    counts, group = collections.defaultdict(collections.Counter), None
    text = (build / 'Testing/Temporary/LastTest.log').read_text(errors='replace')
    for match in map(LINE.match, text.splitlines()):
        if match and match['group']:
            group = match['group'] if match['over'] is None else None  # What follows sums up.
        elif match and group:
            counts[group][match['outcome']] += 1
    return counts


def cell(counts, pattern):
    """What the table says of a suite on a platform; whether that is good."""
    total = sum((count for group, count in counts.items() if re.fullmatch(pattern, group)), collections.Counter())
    if not total['OK']:
        return 'did not run', False
    skipped = f', {total["SKIPPED"]} skipped' if total['SKIPPED'] else ''
    return (f'{total["FAILED"]} FAILED', False) if total['FAILED'] else (f'{total["OK"]}{skipped}', True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('builds', nargs='+', type=pathlib.Path)
    builds = parser.parse_args().builds
    counts = collections.defaultdict(collections.Counter)
    for build in builds:
        for group, count in outcomes(build).items():
            counts[group] += count
    good = True
    print('Tests of each contract suite that passed\n')
    print(f'{"":14}' + ''.join(f'{suite:<18}' for suite in SUITES))
    for platform, groups in PLATFORMS.items():
        row = f'{platform:14}'
        for suite in SUITES:
            pattern = groups.get(suite, '')
            if not pattern or (pattern.startswith('*') and len(builds) == 1):
                row += f'{"on the target" if pattern else "-":<18}'
                continue
            text, is_good = cell(counts, pattern.removeprefix('*'))
            row += f'{text:<18}'
            good = good and is_good
        print(row.rstrip())
    print('\nplatform/none has nothing, and says so: tests/platform/test_none.cc')
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
