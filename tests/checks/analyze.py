#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cppcheck, and gcc's -fanalyzer, over what a build directory compiles of the project.

usage: analyze.py --build DIR [-j N] [FILE...]        without files: all of agent/, port/, platform/
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import tidy

# Not for us: passedByValue, for views of two words; the others are cppcheck 2.10's mistakes about
# views of a temporary that lives until the call is over, a reference of ?:, and members that a
# constructor leaves open for who reads them from flash.
CPPCHECK = ('cppcheck', '--quiet', '--error-exitcode=1', '--enable=warning,performance,portability',
            '--inline-suppr', '--template={file}:{line}: {message} [{id}]',
            *(f'--suppress={name}' for name in ('passedByValue', 'danglingTemporaryLifetime',
                                                'returnTempReference', 'uninitMemberVar')))
# gcc 12 follows C only, and says so: in C++ it takes references, lambdas without captures and
# `new`, which does not return here without memory, for pointers that may be null.
NOT_FOR_CXX = ('-Wno-analyzer-use-of-uninitialized-value', '-Wno-analyzer-null-argument',
               '-Wno-analyzer-possible-null-dereference')


# cppcheck does not read the libraries' headers, of which this is asked.
LIBRARIES = ' -DMBEDTLS_HAVE_TIME -DMBEDTLS_HAVE_TIME_DATE'


def entry_for(path, entries):
    """That of the file; of one that the build does not have: made of another's in the same language."""
    like = next((entry for entry in entries if entry['file'] == str(path)), None) or \
        next(entry for entry in entries if pathlib.Path(entry['file']).suffix == path.suffix)
    return like | {'file': str(path), 'command': like['command'].replace(like['file'], str(path))}


def cppcheck(entries):
    with tempfile.TemporaryDirectory() as scratch:
        database = pathlib.Path(scratch, 'compile_commands.json')
        database.write_text(json.dumps(
            [entry | {'command': entry['command'] + LIBRARIES} for entry in entries]))
        run = subprocess.run([*CPPCHECK, f'--project={database}'], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
    return [line for line in run.stdout.splitlines() if re.search(r'\[\w+\]$', line)] or \
        ([run.stdout] if run.returncode else [])


def gcc(entry):
    """What the analyzer finds in one unit, compiled as it is but for the sanitizers."""
    options = [word for word in shlex.split(entry['command']) if 'sanitize' not in word]
    options[options.index('-o') + 1] = os.devnull
    if entry['file'].endswith('.cc'):
        options += NOT_FOR_CXX
    run = subprocess.run([*options, '-O1', '-fanalyzer', '-fdiagnostics-plain-output'], cwd=entry['directory'],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return re.findall(r'^.*(?:error|warning): .*$', run.stdout, re.MULTILINE) if run.returncode else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, type=pathlib.Path)
    parser.add_argument('-j', type=int, default=os.cpu_count())
    parser.add_argument('files', nargs='*', type=pathlib.Path)
    options = parser.parse_args()
    commands = tidy.own_commands(options.build)
    entries = list(commands.values())
    if options.files:
        entries = [entry_for(path.resolve(), entries) for path in options.files]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        by_cppcheck = pool.submit(cppcheck, entries)
        findings = [finding for found in pool.map(gcc, entries) for finding in found]
        findings += by_cppcheck.result()
    print(''.join(f'{finding}\n' for finding in dict.fromkeys(findings)), end='')
    print(f'analyze: {len(entries)} files, {len(findings)} findings')
    return 1 if findings or not commands else 0


if __name__ == '__main__':
    sys.exit(main())
