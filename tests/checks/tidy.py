#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy (see .clang-tidy) over what a build directory compiles of the project, and over the
headers of those folders that have no source of their own.

usage: tidy.py --build DIR [-j N] [FILE...]        without files: all of agent/, port/, platform/
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ('agent', 'port', 'platform')
LIBRARY_OPTIONS = ('mbedtls_config.h', 'lwipopts.h')  # C, with the libraries' own names


def own_commands(build):
    """The compile commands of the project's own sources, by path."""
    entries = json.loads((build / 'compile_commands.json').read_text())
    by_path = {pathlib.Path(entry['directory'], entry['file']): entry for entry in entries}
    return {path: entry for path, entry in by_path.items()
            if any(path.is_relative_to(ROOT / folder) for folder in FOLDERS)}


def lone_headers(sources):
    """Headers without a source, in the folders that are compiled: nothing else looks at them."""
    folders = {path.parent for path in sources} | {ROOT / 'port'}
    return [path for folder in folders for path in folder.glob('*.h')
            if path.with_suffix('.cc') not in sources and path.name not in LIBRARY_OPTIONS]


def check(clang_tidy, database, path):
    """Returns what clang-tidy finds, or nothing."""
    run = subprocess.run([clang_tidy, '--quiet', '-p', database, path],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return '' if run.returncode == 0 else run.stdout or run.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, type=pathlib.Path)
    parser.add_argument('-j', type=int, default=os.cpu_count())
    parser.add_argument('files', nargs='*', type=pathlib.Path)
    options = parser.parse_args()
    clang_tidy = shutil.which('clang-tidy-14') or shutil.which('clang-tidy')
    if clang_tidy is None:
        sys.exit('tidy: no clang-tidy')
    commands = own_commands(options.build)
    files = [path.resolve() for path in options.files]
    files = files or sorted([*commands, *lone_headers(commands)])
    # A header is read with the flags of a source near to it, which must not be a dependency's.
    with tempfile.TemporaryDirectory() as database, \
            concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        pathlib.Path(database, 'compile_commands.json').write_text(
            json.dumps(list(commands.values())))
        findings = list(pool.map(lambda path: check(clang_tidy, database, path), files))
    print(''.join(dict.fromkeys(findings)), end='')
    failed = sum(finding != '' for finding in findings)
    print(f'tidy: {len(files)} files, {failed} with findings')
    return 1 if failed or not commands else 0


if __name__ == '__main__':
    sys.exit(main())
