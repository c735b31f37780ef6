#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every `@return kX` that a header promises is produced by a test: some test of that header names
kX and calls the function that promises it, itself or through helpers of its file. And the C interface has the names
of the C++ enumerations, in their order.

usage: statuses.py [ROOT]
"""
import re
import sys

import tree

# Units that other tests exercise (too), and through which of their functions (none: directly).
TESTED_BY = {
    'agent/agent.h': ('tests/agent/test_life_cycle.cc', None),
    'agent/oauth/token.h': ('tests/agent/test_agent.cc', 'Renew'),
    'agent/http/body_source.h': ('tests/agent/test_request_body.cc', 'Next'),
    'agent/session/api_request.h': ('tests/agent/test_agent.cc', 'RequestApi'),
}
# What agent/c_api.h has of each enumeration begins with CONNECT_AUTH_ and this.
C_API = 'agent/c_api.h'
C_ENUMERATIONS = (('port/status.h', 'Status', 'OK', ''), ('port/network.h', 'Interest', 'WANTS_NOTHING', 'WANTS_'),
                  ('agent/failure.h', 'Reason', 'REASON_NONE', 'REASON_'),
                  ('agent/failure.h', 'OAuthError', 'OAUTH_NONE', 'OAUTH_'),
                  ('agent/store/state_store.h', 'Stored', 'STORED_NOTHING', 'STORED_'),
                  ('agent/settings.h', 'AuthEncoding', 'ENCODING_PLAIN', 'ENCODING_'),
                  ('agent/settings.h', 'Grant', 'GRANT_PASSWORD', 'GRANT_'))
PROMISE = re.compile(r'///.*@return +(k[A-Z].*?)(?:  |$)')
NAME = re.compile(r'\bk[A-Z]\w*')
CALL = re.compile(r'\b([A-Za-z_]\w*)\(')


def promises(header):
    """Yields (function, code) of each promise in the header's text."""
    codes = []
    for line in header.splitlines():
        line = line.strip()
        promise = PROMISE.match(line)
        if promise:
            codes += NAME.findall(promise.group(1))
        elif codes and not line.startswith('//') and CALL.search(line):
            yield from ((CALL.search(line).group(1), code) for code in codes)
            codes = []


def functions(text):
    """The functions of a test file, each with all of the file's helpers that it comes to use."""
    bodies = {}
    for part in re.split(r'^\S*}.*$', text, flags=re.MULTILINE):
        head = re.search(r'^(?:\w.*?)?\b(\w+)\(.*\{$', part, re.MULTILINE)
        bodies[head.group(1) if head else len(bodies)] = part
    for name in bodies:
        reached, todo = set(), [name]
        while todo:
            body = bodies[todo.pop()]
            called = {call for call in CALL.findall(body) if call in bodies} - reached
            reached |= called
            todo += called
        yield '\n'.join(bodies[each] for each in reached | {name})


def tests_of(root, header, text):
    """Yields the functions of the tests of one header."""
    stem = header.stem
    if header.parts[0] == 'port':
        paths = [f'tests/port/contract_{stem}.cc', f'tests/port/contract_{stem}.h']
    else:
        paths = [f'tests/agent/test_{stem}.cc', TESTED_BY.get(header.as_posix(), ('', None))[0]]
    for path in paths:
        if (root / path).is_file():
            yield from functions((root / path).read_text())
    if header.parts[0] == 'port':  # Platforms' own tests, where they are about this interface.
        interface = re.compile('|'.join(rf'{name}\b' for name in re.findall(r'^class (\w+)', text,
                                                                            re.MULTILINE)))
        for path in sorted((root / 'tests/platform').glob('*.cc')):
            yield from (body for body in functions(path.read_text()) if interface.search(body))


def check(root, header):
    text = (root / header).read_text()
    tests = list(tests_of(root, header, text))
    _, through = TESTED_BY.get(header.as_posix(), ('', None))
    for function, code in promises(text):
        call = re.compile(rf'\b({function}|{through or function})\(')
        # kNone is Reason's way to say that nothing is wrong: tests see the outcome, not the word.
        if code != 'kNone' and not any(
                call.search(test) and re.search(rf'\b{code}\b', test) for test in tests):
            yield f'{header}: no test sees {function}() return {code}'


def enumerators(text, begin):
    """The names in the braces behind `begin`."""
    body = re.sub(r'//.*', '', text[text.index(begin):]).partition('{')[2].partition('}')[0]
    return re.findall(r'\b(\w+)\b(?: = 0)?(?=,|\s*$)', body)


def check_c_names(root):
    c_text = (root / C_API).read_text()
    for header, name, first, prefix in C_ENUMERATIONS:
        names = enumerators((root / header).read_text(), re.search(
            rf'enum class (?:\[\[\w+\]\] )?{name}\b', (root / header).read_text()).group())
        wanted = [f'CONNECT_AUTH_{prefix}' + re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', each[1:]).upper()
                  for each in names]
        block = re.search(rf'enum {{[^}}]*\bCONNECT_AUTH_{first}\b[^}}]*}}', c_text).group()
        if enumerators(block, 'enum') != wanted:
            yield f'{C_API}: CONNECT_AUTH_{prefix}... are not those of {name} in {header}'


def main():
    root = tree.root_of_arguments()
    headers = [path for path in tree.project_files(root)
               if path.suffix == '.h' and path.parts[0] in ('agent', 'port')]
    gaps = [gap for path in headers for gap in check(root, path)]
    return tree.report('statuses', gaps + list(check_c_names(root) if (root / C_API).is_file() else []))


if __name__ == '__main__':
    sys.exit(main())
