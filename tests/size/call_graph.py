#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The agent's call graph on Cortex-M3, as gcc compiles it for size: nothing in it is recursive, and this
is the deepest stack that its own functions can take, whatever the peer sends.

usage: call_graph.py --build DIR
DIR: a build with the preset minsize

Frames of cJSON count. What mbedTLS, the port and the libraries take comes on top; README.md of
platform/smartfusion2 has what was measured with all of them. Calls through a port, or back out of
mbedTLS, are followed by the table below; one that it does not know fails.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import sizes

PROCESSOR = 'cortex-m3'
# What is entered where, and how deep it may go, in octets.
LIMITS = (('the agent', '^[A-Z]|^connect_auth_(?!cJSON)', 1408), ('HTTP parsing', '^ResponseParser::', 432))
# Whose calls through pointers go to whom, besides a port that the device brings: first match of
# the caller's name wins. What is called is the function of the same name there.
BEHIND_PORTS = (
    (r'Table\w+::|Engine::|WallClock::|SeedHook|AllocateOrCount|connect_auth_wall_time', ()),
    (r'ProxyTunnel::', ('TableConnection',)),
    (r'TlsConnection::', ('ProxyTunnel', 'TableConnection')),
    (r'Exchange::', ('TlsConnection',)),
    (r'RingStorage::', ('TableFlash',)),
    (r'StateStore::|TlsSessionRecord::|Agent::Idle', ('RingStorage', 'TableStorage')),
    (r'RequestBody::|Agent::IsWorthReplaying|WriteApiRequestHead', ('TableBodySource',)),
    (r'Anchor::|AgeOf|LatchOpensAt|RenewalAt', ('WallClock',)),
    (r'AllAre|WriteForm|CheckGrant|CheckSettings', ('_FUN',)),  # Functions of a table or a character.
)
# mbedTLS and cJSON call back what they were given.
POINTER = '__indirect_call'  # gcc's name for it
CALLBACKS = ((r'mbedtls_ctr_drbg_', r'SeedHook'),
             (r'mbedtls_ssl_', r'(Callback|::Verify|AllocateOrCount|connect_auth_wall_time)\b'),
             (r'(mbedtls|psa)_', r'(RandomCallback|AllocateOrCount)\b'))
CJSON = re.compile(r'\w*cJSON|parse_|print|ensure|add_item')
# cJSON's parser goes as deep as the data does, which CJSON_NESTING_LIMIT bounds.
NESTING = 8
RECURSIVE = re.compile(r'parse_value|\w*cJSON_Delete')


class Graph:
    """Functions by their linker's name: how they read, octets of stack, and whom they call."""

    def __init__(self, texts):
        """:param texts: what gcc says of each unit"""
        self.names, self.frames, self.calls, self.unknown, self.deep = {}, {}, {}, set(), {}
        for text in texts:
            self.read(text)
        shown = subprocess.run(['c++filt'], input='\n'.join(self.names), stdout=subprocess.PIPE, text=True,
                               check=True).stdout.splitlines()
        self.names = {symbol: readable(name) for symbol, name in zip(self.names, shown)}

    def read(self, text):
        """Adds one unit."""
        for title, octets in re.findall(r'node: { title: "([^"]*)" label: "[^"]*\\n(\d+) bytes', text):
            self.frames[symbol_of(title)] = max(int(octets), self.frames.get(symbol_of(title), 0))
        for caller, callee, place in re.findall(
                r'edge: { sourcename: "([^"]*)" targetname: "([^"]*)"(?: label: "([^"]*)")?', text):
            called = self.calls.setdefault(symbol_of(caller), set())
            called.add((symbol_of(callee), place if callee == POINTER else ''))
            self.names.update({symbol_of(caller): '', symbol_of(callee): ''})
        self.names.update(dict.fromkeys(self.frames, ''))

    def called(self, pattern):
        """The functions whose names match."""
        return [symbol for symbol in self.frames if re.search(pattern, self.names[symbol])]

    def callees(self, symbol):
        """Whom a function calls, through pointers as well."""
        name = self.names[symbol]
        for callee, place in self.calls.get(symbol, ()):
            yield from self.behind_pointer(name, place) if callee == POINTER else [callee]
        for caller, pattern in CALLBACKS:
            if re.match(caller, name):
                yield from self.called(pattern)
                break

    def behind_pointer(self, name, place):
        """Whom a pointer at this place in the source leads to."""
        for caller, classes in BEHIND_PORTS:
            if re.search(caller, name):
                return [each for one in classes for each in
                        self.called('_FUN$' if one == '_FUN' else rf'\b{one}::{method_at(place)}\b')]
        if CJSON.match(name):
            return self.called('AllocateOrCount')
        self.unknown.add(f'{name} calls through a pointer at {place}: to whom?')
        return []

    def octets(self, symbol):
        """What all frames of a function take, of those that are on the stack at a time; 0: not ours."""
        return self.frames.get(symbol, 0) * (NESTING if RECURSIVE.match(self.names[symbol]) else 1)

    def deepest(self, symbol, path=()):
        """Octets, and the way down. Raises RecursionError with the way round."""
        if symbol in path:
            way = [self.names[each] for each in (*path[path.index(symbol):], symbol)]
            if any(RECURSIVE.match(each) for each in way):
                return 0, ()
            raise RecursionError(' -> '.join(way))
        if symbol not in self.deep:
            octets, way = max((self.deepest(callee, (*path, symbol)) for callee in self.callees(symbol)),
                              default=(0, ()))
            self.deep[symbol] = (self.octets(symbol) + octets, (symbol, *way))
        return self.deep[symbol]


def symbol_of(title):
    """gcc puts the file in front of a function that no other unit can call."""
    return title.rpartition(':')[2]


def readable(name):
    """Without namespaces, parameters and what the compiler added."""
    if '{lambda' in name:
        return '_FUN'
    name = re.sub(r'\[clone[^]]*\]|\(anonymous namespace\)::|connect_auth::|\.(constprop|isra|part)\.\d+', '', name)
    return re.sub(r'\(.*|<.*>', '', name.strip()).rpartition(' ')[2]


def method_at(place):
    """The name in front of the parenthesis that gcc points at."""
    file, line, column = place.rsplit(':', 2)
    text = pathlib.Path(file).read_text().splitlines()[int(line) - 1][:int(column)]
    found = re.search(r'(\w+)\($', text) or re.search(r'(\w+)$', text)
    return found.group(1) if found else ''


def build_graph(build):
    entries = [entry for part, entry in sizes.units(build) if not part.startswith('FreeRTOS')]
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        def compile_unit(number):
            target = pathlib.Path(scratch, f'{number}.o')
            command = sizes.command_for(PROCESSOR, entries[number])
            command[command.index('-o') + 1] = str(target)
            subprocess.run([*command, '-fcallgraph-info=su'], cwd=entries[number]['directory'], check=True)
            return target.with_suffix('.ci').read_text()
        return Graph(pool.map(compile_unit, range(len(entries))))


def judge(graph, what, entry, most):
    """Prints the deepest way from functions whose names match. Returns what is wrong."""
    problems, deepest = [], (0, ())
    for symbol in graph.called(entry):
        try:
            deepest = max(deepest, graph.deepest(symbol))
        except RecursionError as way:
            problems.append(f'recursive: {way}')
    octets, way = deepest
    print(f'{what}: {octets} octets of stack at most, {most} are allowed')
    for symbol in way:
        print(f'{graph.octets(symbol):6} {graph.names[symbol]}')
    return [*dict.fromkeys(problems), *([f'{what}: {octets} octets, {most} are allowed'] if octets > most else [])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, type=pathlib.Path)
    options = parser.parse_args()
    if not shutil.which(f'{sizes.CROSS}g++'):
        print(f'call_graph: SKIPPED, there is no {sizes.CROSS}g++')
        return sizes.SKIPPED
    graph = build_graph(options.build)
    problems = [problem for limit in LIMITS for problem in judge(graph, *limit)] + sorted(graph.unknown)
    for problem in problems:
        print(f'call_graph: {problem}')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
