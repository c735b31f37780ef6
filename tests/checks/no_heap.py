#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No heap, no exceptions, no registered destructors, no standard output: seen in the symbols.

usage: no_heap.py ARCHIVE_OR_IMAGE...

An archive or object file must not ask for a banned name, an image must not contain it or import it.
"""
import re
import subprocess
import sys

BANNED = re.compile(
    # The heap; and strtod, which needs it in some C libraries.
    r'_?_?(malloc|calloc|realloc|reallocarray|free|cfree)(_r)?|_sbrk|aligned_alloc|memalign'
    r'|posix_memalign|strn?dup|strto(f|d|ld)'
    r'|_Zn[wa].*|_Zd[la].*'  # operator new, operator delete
    # Exceptions, static objects with destructors, guards of function-local statics. The standard
    # library throws through functions of its own (std::string_view::substr is one that does).
    r'|_ZSt\d+__throw_.*|_Unwind_.*|__gxx_personality_.*'
    r'|__cxa_(throw|rethrow|begin_catch|allocate_exception|guard_.*|atexit|thread_atexit'
    r'|pure_virtual)|atexit'
    r'|v?f?printf|_?_v?f?printf_chk|f?puts|putchar|fwrite|perror'
    r'|exit|_Exit|quick_exit|abort|__assert_fail|__assert_func')

# An archive may hold functions that use these and that nobody calls: cJSON prints, mbedTLS makes
# texts of object identifiers. Whether they are gone is seen in an image.
BANNED_IN_IMAGE = re.compile(r'v?sn?printf|_?_v?sn?printf_chk|(__isoc99_)?v?s?scanf')


def symbols(path, *options):
    listed = subprocess.run(['nm', '--format=posix', *options, path], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=True).stdout
    # A line is "name type ..."; those with one word name a member of the archive.
    lines = (line.split() for line in listed.splitlines())
    return {(words[0].split('@')[0], words[1]) for words in lines if len(words) > 1}


def check(path):
    if path.endswith(('.a', '.o')):
        asked = {name for name, kind in symbols(path) if kind in 'Uwv'}
        return sorted(name for name in asked if BANNED.fullmatch(name))
    # Also without its symbol table an image says what it imports.
    names = {name for name, _ in symbols(path) | symbols(path, '-D')}
    return sorted(name for name in names
                  if BANNED.fullmatch(name) or BANNED_IN_IMAGE.fullmatch(name))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = [(path, name) for path in sys.argv[1:] for name in check(path)]
    for path, name in found:
        print(f'no_heap: {path}: {name}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
