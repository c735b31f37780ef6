#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages and the README tell of each command, option, setting, variable and exit code that the program
has, and of no other; and mandoc finds nothing wrong with the pages.

usage: manual.py [ROOT]
"""
import dataclasses
import re
import subprocess
import sys

import tree

PROGRAM = 'platform/linux'
PAGES = f'{PROGRAM}/packaging/manual'
COMMANDS_PAGE = 'connect-auth.1'
SETTINGS_PAGE = 'connect-auth.conf.5'
README = 'README.md'
# An initializer of kSettingTable, after strings that stand side by side were joined.
SETTING = re.compile(
    r'SettingInfo\{Setting::\w+,\s*"(\w+)",\s*"(\w+)",\s*SettingKind::\w+,\s*"[^"]*",\s*"[^"]*"'
    r'(?:,\s*"([^"]*)")?(?:,\s*\{([^}]*)\})?(?:,\s*(\d+),\s*(\d+))?\}')


@dataclasses.dataclass
class Setting:
    """What is told of one."""

    name: tuple[str, str]  # Section and key.
    fallback: str
    words: list[str]  # Choices, or the bounds of a number.


def settings_of_program(text):
    joined = re.sub(r'"\s+"', '', text[text.index('kSettingTable = {'):])
    for section, key, fallback, choices, least, most in SETTING.findall(joined):
        yield Setting((section, key), fallback, re.findall(r'"(\w+)"', choices) + [n for n in (least, most) if n])


def settings_of_page(text):
    """By section and key: the words that stand there."""
    found, section = {}, None
    for line in text.splitlines():
        if heading := re.fullmatch(r'\.S[sh] (?:\[(\w+)\]|.*)', line):
            section, item = heading[1], []
        elif section and (key := re.fullmatch(r'\.It Ic (\w+)', line)):
            item = found[section, key[1]] = []
        elif section and not line.startswith('.El'):
            item.append(line)
    return {name: '\n'.join(lines) for name, lines in found.items()}


def settings_of_readme(text):
    """By section and key: the cell that shows the default."""
    found, section = {}, None
    for line in text.splitlines():
        cells = line.split('|')[1:-1]
        section = section if cells else None
        if cells:
            heading = re.search(r'`\[(\w+)\]`', cells[0])
            section = heading[1] if heading else section
            if section:
                found |= {(section, key): cells[-1] for key in re.findall(r'`(\w+)`', cells[0])}
    return found


def part(text, heading):
    """A section of a page."""
    return re.search(rf'^\.Sh {heading}\n(.*?)(?=^\.Sh |\Z)', text, re.MULTILINE | re.DOTALL)[1]


def differences(where, kind, told, real):
    yield from (f'{where}: no {kind} {name}' for name in sorted(real - told))
    yield from (f'{where}: the program has no {kind} {name}' for name in sorted(told - real))


def check_settings(settings, page, readme):
    real = {setting.name for setting in settings}
    for where, told in ((SETTINGS_PAGE, page), (README, readme)):
        yield from differences(where, 'setting', {' '.join(name) for name in told}, {' '.join(name) for name in real})
    for setting in settings:
        name = ' '.join(setting.name)
        item = page.get(setting.name, '')
        if item and setting.fallback and not re.search(rf'default: {re.escape(setting.fallback)} ', item):
            yield f'{SETTINGS_PAGE}: {name}: the default is {setting.fallback}'
        for word in setting.words:
            if item and word not in re.findall(r'\w+', item):
                yield f'{SETTINGS_PAGE}: {name}: nothing of {word}'
        if setting.fallback not in readme.get(setting.name, setting.fallback):
            yield f'{README}: {name}: the default is {setting.fallback}'


def check_commands(sources, page, readme):
    commands = set(re.findall(r'CommandName\{"(\w+)"', sources['command_line.cc']))
    told = re.search(r'^connect-auth \[--config FILE\] COMMAND\n(.*?)^```', readme, re.MULTILINE | re.DOTALL)[1]
    yield from differences(README, 'command', set(re.findall(r'^[a-z]+', told, re.MULTILINE)), commands)
    told = set(re.findall(r'^\.It Ic (\w+)', part(page, 'COMMANDS'), re.MULTILINE))
    yield from differences(COMMANDS_PAGE, 'command', told, commands)

    options = {f'-{name}' for name in re.findall(r'argp_option\{"([a-z-]+)"', sources['options.h'])}
    options |= set(re.findall(r"Key = '(\w)'", sources['options.h']))
    items = re.findall(r'^\.It (.*)$', part(page, 'OPTIONS'), re.MULTILINE)
    told = {name for item in items for name in re.findall(r'Fl (\S+)', item)}
    yield from differences(COMMANDS_PAGE, 'option', told, options)


def check_codes(sources, page, readme):
    codes = set(re.findall(r'^  k\w+ = (\d+),', sources['problem.h'], re.MULTILINE))
    told = set(re.findall(r'^\.It (\d+)$', part(page, 'EXIT STATUS'), re.MULTILINE))
    yield from differences(COMMANDS_PAGE, 'exit code', told, codes)
    yield from differences(README, 'exit code', set(re.findall(r'^\| (\d+) \|', readme, re.MULTILINE)), codes)


def check_variables(sources, page):
    variables = {name for text in sources.values() for name in re.findall(r'getenv\("(\w+)"\)', text)}
    variables |= set(re.findall(r'"(CONNECT_AUTH_\w+)"', sources['secrets.cc']))
    items = re.findall(r'^\.It (Ev .*)$', part(page, 'ENVIRONMENT'), re.MULTILINE)
    told = {name for item in items for name in re.findall(r'Ev (\w+)', item)}
    yield from differences(COMMANDS_PAGE, 'variable', told, variables)


def check_status(sources, page):
    """The members of `status --json`."""
    text = sources['status_facts.cc']
    members = set(re.findall(r'kName = "(\w+)"', text))
    named = re.findall(r'(?:Fact|Absent|TextOrNone)\(\s*"(\w+)"|NumberIf\([^"]*"(\w+)"', text)
    members |= {name for pair in named for name in pair if name}
    told = set(re.findall(r'^\.It Va (\w+)$', part(page, 'STATUS'), re.MULTILINE))
    yield from differences(COMMANDS_PAGE, 'member of the status', told, members)


def lint(pages):
    done = subprocess.run(['mandoc', '-Tlint', '-Wwarning', *pages], stdout=subprocess.PIPE, text=True, check=False)
    return [re.sub(r'^mandoc: .*/', '', line) for line in done.stdout.splitlines()]


def problems(root):
    folder = root / PROGRAM
    sources = {path.name: path.read_text() for path in folder.rglob('*') if path.suffix in ('.h', '.cc')}
    pages = [root / PAGES / name for name in (COMMANDS_PAGE, SETTINGS_PAGE)]
    commands, settings = (path.read_text() for path in pages)
    readme = (root / README).read_text()
    yield from check_settings(list(settings_of_program(sources['setting_table.h'])), settings_of_page(settings),
                              settings_of_readme(readme))
    yield from check_commands(sources, commands, readme)
    yield from check_codes(sources, commands, readme)
    yield from check_variables(sources, commands)
    yield from check_status(sources, commands)
    yield from lint(pages)


if __name__ == '__main__':
    sys.exit(tree.report('manual', problems(tree.root_of_arguments())))
