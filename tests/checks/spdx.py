#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every file that can hold a comment names its licence, and no file names a machine it was made on.

usage: spdx.py [ROOT]
"""
import re
import sys

import tree

LICENCE = 'SPDX-License-Identifier: Apache-2.0'
LICENCE_LINES = 3
# Files that cannot hold a comment, or whose first line is not ours to choose.
WITHOUT_LICENCE = ('.json', '.md', '.pem', '.lock', '.golden', '.txt', '.input')
WITHOUT_LICENCE_NAMES = ('LICENSE', '.gitignore', '.clang-format', '.editorconfig',
                         'changelog', 'conffiles', 'copyright.in')  # Debian's formats.
# A directory of somebody's machine; the host of a mirror or registry.
MACHINE_PATH = re.compile(r'(?<![\w.}>-])/(work|root|home/[a-z][a-z0-9_-]*)(/|\b(?![\w-]))')
HOST = re.compile(r'\b(deb|security|ftp|archive)\.(debian\.org|ubuntu\.com)\b'
                  r'|\bregistry\.npmjs\.org\b|\b(files\.)?pythonhosted\.org\b|\bpypi\.org\b'
                  r'|\bproxy\.golang\.org\b|\bcrates\.io\b', re.IGNORECASE)


def needs_licence(path):
    return path.suffix not in WITHOUT_LICENCE and path.name not in WITHOUT_LICENCE_NAMES \
        or path.name == 'CMakeLists.txt'


def check(root, path):
    try:
        lines = (root / path).read_text().splitlines()
    except UnicodeDecodeError:
        return  # Not text: a key, a certificate, a capture.
    if needs_licence(path) and not any(LICENCE in line for line in lines[:LICENCE_LINES]):
        yield f'{path}: no "{LICENCE}" in its first {LICENCE_LINES} lines'
    for number, line in enumerate(lines, 1):
        for what, pattern in (('a path of one machine', MACHINE_PATH), ('a mirror', HOST)):
            found = pattern.search(line)
            if found:
                yield f'{path}:{number}: {what}: {found.group(0)}'


def main():
    root = tree.root_of_arguments()
    own = ('tests/checks/spdx.py', 'tests/checks/test_checks.py')  # They name what is forbidden.
    files = [path for path in tree.project_files(root) if path.as_posix() not in own]
    return tree.report('spdx', (problem for path in files for problem in check(root, path)))


if __name__ == '__main__':
    sys.exit(main())
