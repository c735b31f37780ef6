#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""platform/freertos compiles for Cortex-M3 against the kernel's own headers, those of FreeRTOS-Plus-TCP, and lwIP's
own port for the kernel; and the stand-ins' types are as large as theirs. Only where a developer has the sources.

usage: test_headers.py        the sources are in $CONNECT_AUTH_FREERTOS_KERNEL_DIR, $CONNECT_AUTH_LWIP, and
                              $CONNECT_AUTH_FREERTOS_PLUS_TCP_DIR, without which that part is skipped
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = ROOT / 'tests/platform/freertos'
KERNEL = pathlib.Path(os.environ['CONNECT_AUTH_FREERTOS_KERNEL_DIR'])
PLUS_TCP = os.environ.get('CONNECT_AUTH_FREERTOS_PLUS_TCP_DIR')
LWIP = pathlib.Path(os.environ['CONNECT_AUTH_LWIP'])
FLAGS = ['-std=c++20', '-mcpu=cortex-m3', '-mthumb', '-Os', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra',
         '-Wpedantic', '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wold-style-cast', '-Werror']
REAL = ['include', 'portable/GCC/ARM_CM3', 'examples/template_configuration']
OVER_LWIP = {'name_look_up', 'socket_connection'}
OVER_PLUS_TCP = {'plus_tcp_connection', 'plus_tcp_look_up'}
PLUS_TCP_OPTIONS = [HERE / 'plus_tcp_options']
SIZES = """
#include "FreeRTOS.h"
#include "semphr.h"
#include "task.h"
char task[sizeof(StaticTask_t)], semaphore[sizeof(StaticSemaphore_t)], time_out[sizeof(TimeOut_t)];
char word[sizeof(StackType_t)], tick[sizeof(TickType_t)], base[sizeof(BaseType_t)];
"""
PLUS_TCP_SIZES = """
#include "FreeRTOS_IP.h"
#include "FreeRTOS_Sockets.h"
#include "FreeRTOS_DNS.h"
#include "FreeRTOS_TCP_IP.h"
char address[sizeof(IP_Address_t)], socket_address[sizeof(freertos_sockaddr)], info[sizeof(freertos_addrinfo)];
char closed[eCLOSED + 1], established[eESTABLISHED], close_wait[eCLOSE_WAIT], last[eTIME_WAIT];
char invalid[pdFREERTOS_ERRNO_EINVAL], no_space[pdFREERTOS_ERRNO_ENOSPC], unconnected[pdFREERTOS_ERRNO_ENOTCONN];
char would_block[pdFREERTOS_ERRNO_EWOULDBLOCK], no_entry[pdFREERTOS_ERRNO_ENOENT], name[ipconfigDNS_CACHE_NAME_LENGTH];
char receive[FREERTOS_SO_RCVTIMEO + 1], send[FREERTOS_SO_SNDTIMEO], wake[FREERTOS_SO_WAKEUP_CALLBACK];
char v4[FREERTOS_AF_INET], v6[FREERTOS_AF_INET6], shut[FREERTOS_SHUT_RDWR];
"""


def compile_with(folders, *arguments, **options):
    """Runs the compiler with these folders for system headers. Returns its words where it fails."""
    includes = [argument for folder in folders for argument in ('-isystem', folder)]
    done = subprocess.run(['arm-none-eabi-g++', *FLAGS, f'-I{ROOT}', *includes, *arguments], text=True,
                          capture_output=True, check=False, **options)
    return done.stderr if done.returncode != 0 else ''


def plus_tcp_folders():
    source = pathlib.Path(PLUS_TCP) / 'source'
    return [source / 'include', source / 'portable/Compiler/GCC']


class Headers(unittest.TestCase):
    maxDiff = None

    def compile_all_but(self, others, folders, *arguments):
        sources = {source.stem: source for source in (ROOT / 'platform/freertos').glob('*.cc')}
        self.assertLess(others, set(sources))
        for source in (sources[name] for name in sorted(set(sources) - others)):
            with self.subTest(source.name, arguments=arguments):
                self.assertEqual(compile_with(folders, *arguments, '-fsyntax-only', source), '')

    def compare_sizes(self, sizes, *sets_of_folders):
        listed = []
        for folders in sets_of_folders:
            with tempfile.NamedTemporaryFile(suffix='.o') as made:
                self.assertEqual(
                    compile_with(folders, '-x', 'c++', '-c', '-', '-o', made.name, input=sizes), '')
                listed.append(subprocess.check_output(['arm-none-eabi-nm', '-S', made.name], text=True))
        self.assertEqual(*listed)

    def test_the_platform_compiles(self):
        kernel = [KERNEL / folder for folder in REAL]
        lwip = [LWIP / 'src/include', LWIP / 'contrib/ports/freertos/include', ROOT / 'platform/lwip/include',
                HERE / 'lwip_options']
        for locking in 1, 0:  # The options leave struct timeval to the C library.
            self.compile_all_but(OVER_PLUS_TCP, [*kernel, *lwip], f'-DLWIP_TCPIP_CORE_LOCKING={locking}',
                                 '-include', 'sys/time.h')

    @unittest.skipUnless(PLUS_TCP, 'no sources of FreeRTOS-Plus-TCP')
    def test_the_platform_compiles_with_plus_tcp(self):
        folders = [*(KERNEL / folder for folder in REAL), *plus_tcp_folders(), *PLUS_TCP_OPTIONS]
        for kinds in [], ['-DipconfigUSE_IPv6=0'], ['-DipconfigUSE_IPv4=0', '-DipconfigUSE_DHCP=0']:
            self.compile_all_but(OVER_LWIP, folders, *kinds)

    def test_the_stand_in_has_the_same_sizes(self):
        self.compare_sizes(SIZES, [KERNEL / folder for folder in REAL], [HERE / 'stand_in/include'])

    @unittest.skipUnless(PLUS_TCP, 'no sources of FreeRTOS-Plus-TCP')
    def test_that_for_plus_tcp_has_the_same_sizes_and_numbers(self):
        self.compare_sizes(
            PLUS_TCP_SIZES,
            [*(KERNEL / folder for folder in REAL), *plus_tcp_folders(), *PLUS_TCP_OPTIONS],
            [HERE / 'stand_in/include', HERE / 'stand_in/plus_tcp_include', *PLUS_TCP_OPTIONS])


if __name__ == '__main__':
    unittest.main()
