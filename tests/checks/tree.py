# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the project's files, and how findings are reported."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDED = 'tests/checks/seeded/'


def root_of_arguments():
    return pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT


def project_files(root):
    """All files of the project, from its root: those git has, or will have with the next commit.
    Outside git (seeded violations, an unpacked release) everything that is not made here."""
    if (root / '.git').exists():
        listed = subprocess.run(
            ['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            stdout=subprocess.PIPE, text=True, check=True).stdout.split('\0')
        paths = (pathlib.Path(name) for name in listed if name)
    else:
        paths = (path.relative_to(root) for path in root.rglob('*'))
    return sorted(path for path in paths if (root / path).is_file()
                  and path.parts[0] not in ('build', '.deps') and '__pycache__' not in path.parts
                  and not path.as_posix().startswith(SEEDED))


def report(check, problems):
    """Prints one line per problem. Returns the exit status."""
    problems = list(problems)
    for problem in problems:
        print(f'{check}: {problem}')
    return 1 if problems else 0
