#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""All C and C++ is as clang-format 14 leaves it (another version has other opinions).

usage: format.py [ROOT]
"""
import re
import shutil
import subprocess
import sys

import tree

FINDING = re.compile(r'^(\S.*?):(\d+):\d+: (?:error|warning): .*\[-Wclang-format', re.MULTILINE)


def main():
    root = tree.root_of_arguments()
    clang_format = shutil.which('clang-format-14')
    if clang_format is None:
        print('format: no clang-format-14', file=sys.stderr)
        return 2
    files = [path for path in tree.project_files(root) if path.suffix in ('.h', '.cc', '.c')]
    style = f'--style=file:{tree.ROOT / ".clang-format"}'
    run = subprocess.run([clang_format, '--dry-run', '-Werror', style, *files], cwd=root,
                         stderr=subprocess.PIPE, text=True, check=False)
    first = dict(reversed(FINDING.findall(run.stderr)))
    if run.returncode != 0 and not first:
        print(run.stderr, file=sys.stderr)
        return 2
    return tree.report('format', (f'{path}: not as clang-format leaves it, line {line} first'
                                  for path, line in sorted(first.items())))


if __name__ == '__main__':
    sys.exit(main())
