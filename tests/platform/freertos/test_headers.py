#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""platform/freertos compiles for Cortex-M3 against the kernel's own headers and lwIP's own port for it, and the
stand-in's types are as large as the kernel's. Only where a developer has the kernel's sources.

usage: test_headers.py        the sources are in $CONNECT_AUTH_FREERTOS_KERNEL_DIR and $CONNECT_AUTH_LWIP
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = ROOT / 'tests/platform/freertos'
KERNEL = pathlib.Path(os.environ['CONNECT_AUTH_FREERTOS_KERNEL_DIR'])
LWIP = pathlib.Path(os.environ['CONNECT_AUTH_LWIP'])
FLAGS = ['-std=c++20', '-mcpu=cortex-m3', '-mthumb', '-Os', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra',
         '-Wpedantic', '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wold-style-cast', '-Werror']
REAL = ['include', 'portable/GCC/ARM_CM3', 'examples/template_configuration']
SIZES = """
#include "FreeRTOS.h"
#include "semphr.h"
#include "task.h"
char task[sizeof(StaticTask_t)], semaphore[sizeof(StaticSemaphore_t)], time_out[sizeof(TimeOut_t)];
char word[sizeof(StackType_t)], tick[sizeof(TickType_t)], base[sizeof(BaseType_t)];
"""


def compile_with(folders, *arguments, **options):
    """Runs the compiler with these folders for system headers. Returns its words where it fails."""
    includes = [argument for folder in folders for argument in ('-isystem', folder)]
    done = subprocess.run(['arm-none-eabi-g++', *FLAGS, f'-I{ROOT}', *includes, *arguments], text=True,
                          capture_output=True, check=False, **options)
    return done.stderr if done.returncode != 0 else ''


class Headers(unittest.TestCase):
    maxDiff = None

    def test_the_platform_compiles(self):
        folders = [*(KERNEL / folder for folder in REAL), LWIP / 'src/include',
                   LWIP / 'contrib/ports/freertos/include', ROOT / 'platform/lwip/include', HERE / 'lwip_options']
        for source in sorted((ROOT / 'platform/freertos').glob('*.cc')):
            for locking in 1, 0:
                with self.subTest(source.name, core_locking=locking):
                    self.assertEqual(compile_with(  # The options leave struct timeval to the C library.
                        folders, f'-DLWIP_TCPIP_CORE_LOCKING={locking}', '-include', 'sys/time.h',
                        '-fsyntax-only', source), '')

    def test_the_stand_in_has_the_same_sizes(self):
        listed = []
        for folders in [KERNEL / folder for folder in REAL], [HERE / 'stand_in/include']:
            with tempfile.NamedTemporaryFile(suffix='.o') as made:
                self.assertEqual(
                    compile_with(folders, '-x', 'c++', '-c', '-', '-o', made.name, input=SIZES), '')
                listed.append(subprocess.check_output(['arm-none-eabi-nm', '-S', made.name], text=True))
        self.assertEqual(*listed)


if __name__ == '__main__':
    unittest.main()
