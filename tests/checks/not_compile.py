#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Misuse that the types are there to prevent does not compile, and for the right reason.

usage: not_compile.py COMPILER [FOLDER]

Each file of tests/not_compile says in a line `// expect: REGEX` what the compiler must complain
about. Without such a line it must compile: without that, a broken include would look like success.
"""
import os
import pathlib
import re
import subprocess
import sys

import tree


def check(compiler, path):
    run = subprocess.run(
        [compiler, '-std=c++20', '-fsyntax-only', '-fno-exceptions', '-fno-rtti', '-Wall', '-Werror',
         '-DCONNECT_AUTH_LOG_LEVEL=4', '-I', tree.ROOT, path],
        stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, 'LC_ALL': 'C'})
    expected = re.search(r'^// expect: (.*)$', path.read_text(), re.MULTILINE)
    errors = [line for line in run.stderr.splitlines() if 'error: ' in line]
    if expected is None:
        if run.returncode != 0:
            yield f'{path.name}: should compile, but: {errors[:1]}'
    elif run.returncode == 0:
        yield f'{path.name}: compiles'
    elif not errors or not re.search(expected.group(1), errors[0]):
        yield f'{path.name}: fails for another reason: {errors[:1]}'


def main():
    compiler = sys.argv[1]
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else tree.ROOT / 'tests/not_compile'
    return tree.report('not_compile', (problem for path in sorted(folder.glob('*.cc'))
                                       for problem in check(compiler, path)))


if __name__ == '__main__':
    sys.exit(main())
