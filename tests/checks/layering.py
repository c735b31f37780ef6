#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house's rules: agent -> port <- platform, seen in the #include lines.

usage: layering.py [ROOT]
"""
import re
import sys

import tree

AGENT_STD = set('algorithm array bit compare cstddef cstdint cstring ctime limits new span '
                'string_view tuple type_traits utility'.split())
PORT_STD = AGENT_STD
C_API, C_STD = 'agent/c_api.h', {'stdbool.h', 'stddef.h', 'stdint.h'}
LIBRARIES = ('mbedtls/', 'psa/', 'cJSON.h')
# A program is composed of platforms; no other platform knows another.
PLATFORMS_INCLUDED = {'linux': {'posix'}, 'smartfusion2': {'lwip'}}
# Platforms that serve as the bottom of others, and so know the ports only.
WITHOUT_AGENT = {'lwip', 'none', 'posix'}
OURS = ('agent/', 'port/', 'platform/', 'tests/')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def agent_may_include(path, name):
    if name.startswith(LIBRARIES):
        return path.suffix == '.cc' or path.name == 'mbedtls_config.h'
    if path.as_posix() == C_API:
        return name in C_STD
    return name.startswith(('agent/', 'port/')) or name in AGENT_STD


def platform_may_include(path, name):
    own = path.parts[1]
    if name.startswith('platform/'):
        return name.split('/')[1] in PLATFORMS_INCLUDED.get(own, set()) | {own}
    if name.startswith('agent/'):
        return own not in WITHOUT_AGENT
    return not name.startswith('tests/')


def may_include(path, name):
    """Whether the file `path` (from the root) may include `name`."""
    if path.parts[0] == 'agent':
        return agent_may_include(path, name)
    if path.parts[0] == 'port':
        return name.startswith('port/') or name in PORT_STD
    return platform_may_include(path, name)


def check(root, path):
    """Yields what is wrong with one file."""
    text = (root / path).read_text()
    for quote, name in INCLUDE.findall(text):
        if not may_include(path, name):
            yield f'{path}: must not include {name}'
        if quote == '<' and name.startswith(OURS):
            yield f'{path}: {name} is ours: "..." instead of <...>'
    if path.suffix == '.h' and path.name != 'mbedtls_config.h' \
            and not re.search(r'^#pragma once$', text, re.MULTILINE):
        yield f'{path}: no #pragma once'
    first = INCLUDE.search(text)
    header = path.with_suffix('.h')
    if path.suffix == '.cc' and (root / header).exists() \
            and (first is None or first.group(2) != str(header)):
        yield f'{path}: must include {header} before anything else'


def main():
    root = tree.root_of_arguments()
    files = [path for path in tree.project_files(root)
             if path.parts[0] in ('agent', 'port', 'platform') and path.suffix in ('.h', '.cc', '.c')]
    if not files:
        sys.exit(f'layering: nothing to check in {root}')
    return tree.report('layering', (problem for path in files for problem in check(root, path)))


if __name__ == '__main__':
    sys.exit(main())
