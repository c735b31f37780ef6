# SPDX-License-Identifier: Apache-2.0
"""An emulated gateway: QEMU's sabrelite board (ARM Cortex-A9, 2 MiB of SPI NOR as /dev/mtd0) with
Debian's kernel and a file system in memory that is made here. It has no network unless given one.
"""
import ctypes
import gzip
import json
import lzma
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
import unittest
import zlib

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE.parents[1] / '.deps' / 'gateway'
# Programs for the gateway are built there; what the tests write goes there as well.
PROGRAMS = pathlib.Path(os.environ.get('CONNECT_AUTH_GATEWAY_PROGRAMS', 'build/armhf/tests/gateway'))
SKIPPED = 77
QEMU = 'qemu-system-arm'
BLANK_FLASH = b'\xff' * (2 * 1024 * 1024)
BOOT_SECONDS = 60  # Measured: see README.md. A loaded machine is slower.

# The SPI controller with its flash, and the watchdog that `reboot` needs. Both wait for the GPIOs.
MODULES = ('gpio-mxc', 'anatop-regulator', 'spi-imx', 'spi-nor', 'imx2_wdt')


class Failed(Exception):
    """What the gateway did not do, with the end of its console."""


def main():
    """Runs the tests of a script, or says why no gateway can be booted here."""
    reason = unavailable()
    if reason:
        print(f'SKIPPED: the emulated gateway cannot be booted: {reason}', flush=True)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)


def unavailable():
    """Why the files of a gateway are not here, or None. Anything else that is missing is a failure."""
    if not (FILES / '.fetched').exists():
        reason = FILES / 'unavailable'
        return reason.read_text() if reason.exists() else 'run toolchains/fetch-gateway'
    return None


# --- the kernel ---------------------------------------------------------------------------------------

# The board's memory begins at 256 MiB; Debian's kernel is built to be that far from its beginning.
KERNEL_ADDRESS = 0x10000000 + 0x208000
# The kernel's tests of its own ciphers take a third of the time of a boot.
KERNEL_PARAMETERS = 'console=ttymxc1 quiet panic=-1 cryptomgr.notests'
XZ_WITH_CRC32 = b'\xfd7zXZ\0\0\x01'  # The unpacker in the file knows the first six octets as well.


def write_kernel(into):
    """Writes the kernel unpacked: the emulated machine would need 3 s of each boot for that. QEMU learns
    where to load it from a header of U-Boot's old format."""
    packed = (FILES / 'boot' / 'vmlinuz').read_bytes()
    start = packed.index(XZ_WITH_CRC32)
    image = lzma.LZMADecompressor().decompress(packed[start:])

    def header(own_checksum):
        return struct.pack('>7I4B32s', 0x27051956, own_checksum, 0, len(image), KERNEL_ADDRESS,
                           KERNEL_ADDRESS, zlib.crc32(image), 5, 2, 2, 0, b'')  # Linux, ARM, a kernel, plain
    into.write_bytes(header(zlib.crc32(header(0))) + image)


def write_devices(into):
    """Writes the board's device tree with 32 octets that QEMU replaces by random ones at each boot, as a
    boot loader would: the kernel needs 2 s to gather as much."""
    tree = (FILES / 'dtb' / 'imx6q-sabrelite.dtb').read_bytes()
    magic, _, structure_at, names_at, reserved_at, *versions, names_size, structure_size = \
        struct.unpack_from('>10I', tree)
    names = tree[names_at:names_at + names_size]
    structure = tree[structure_at:structure_at + structure_size]
    begin = struct.pack('>I8s', 1, b'chosen')
    before, after = structure.split(begin)
    structure = before + begin + struct.pack('>3I32x', 3, 32, len(names)) + after
    names += b'rng-seed\0'
    head = struct.pack('>10I', magic, structure_at + len(structure) + len(names), structure_at,
                       structure_at + len(structure), reserved_at, *versions, len(names), len(structure))
    into.write_bytes(head + tree[len(head):structure_at] + structure + names)


# --- the file system in memory ------------------------------------------------------------------------

def cpio_entry(name, mode, content=b'', device=(0, 0)):
    """One entry of a cpio archive of the "newc" format, which is what the kernel unpacks."""
    path = name.encode() + b'\0'
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0)
    head = b'070701' + b''.join(b'%08X' % field for field in fields) + path
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)


def modules_in_order(names):
    """The files of these modules and of all that they need, each after what it needs."""
    root = next((FILES / 'lib' / 'modules').iterdir())
    needs = {}
    for line in (root / 'modules.dep').read_text().splitlines():
        path, _, needed = line.partition(':')
        needs[pathlib.PurePath(path).stem.replace('-', '_')] = [path, *needed.split()]
    ordered = {}
    for name in names:
        for path in reversed(needs[name.replace('-', '_')]):
            ordered[root / path] = None
    return list(ordered)


def module_list(files, parameters):
    """The lines from which init loads modules."""
    of_file = {name.replace('-', '_'): text for name, text in parameters.items()}
    return ''.join(f'{file.name} {of_file.get(file.stem.replace("-", "_"), "")}\n' for file in files).encode()


def mode_of(name):
    """Settings and secrets are root's alone."""
    return 0o600 if name.startswith('etc/') else 0o755


def write_initramfs(into, files, modules):
    """Writes a file system with busybox, `files`, and modules that are loaded at boot, after those that
    the board needs: its flash is to be /dev/mtd0."""
    board = modules_in_order(MODULES)
    more = [file for file in modules_in_order(modules) if file not in board]
    contents = {
        'init': (HERE / 'init').read_bytes(), 'bin/busybox': (FILES / 'busybox').read_bytes(),
        'modules/board': module_list(board, {}), 'modules/more': module_list(more, modules), **files}
    contents.update((f'modules/{file.name}', file.read_bytes()) for file in board + more)
    parents = {str(parent) for name in contents for parent in pathlib.PurePath(name).parents} - {'.'}
    entries = [cpio_entry(folder, stat.S_IFDIR | 0o755)
               for folder in sorted(parents | {'dev', 'proc', 'sys', 'tmp'})]
    entries.append(cpio_entry('dev/console', stat.S_IFCHR | 0o600, device=(5, 1)))
    entries += [cpio_entry(name, stat.S_IFREG | mode_of(name), content) for name, content in contents.items()]
    entries.append(cpio_entry('TRAILER!!!', 0))
    into.write_bytes(gzip.compress(b''.join(entries), compresslevel=1))


# --- the machine --------------------------------------------------------------------------------------

def end_with_parent():
    """Runs in the child: no emulator outlives a test that is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Gateway:
    """A gateway with programs in its /bin, and with a blank flash that keeps what each boot leaves there.

    name      of the folder, beside the programs, that holds its files and what it says on its console
    programs  names of targets in tests/gateway
    modules   names with their parameters, in addition to those that the board needs
    files     more of its file system: names and contents
    hardware  QEMU's options for what is connected to the board
    """

    def __init__(self, name, programs=(), modules=None, files=None, hardware=('-nic', 'none')):
        self.folder = PROGRAMS / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.boots = 0
        self.flash = self.folder / 'flash'
        kernel, devices, initramfs = (self.folder / file for file in ('kernel', 'devices', 'initramfs'))
        write_kernel(kernel)
        write_devices(devices)
        binaries = {f'bin/{program}': (PROGRAMS / program).read_bytes() for program in programs}
        write_initramfs(initramfs, {**binaries, **(files or {})}, modules or {})
        self.flash.write_bytes(BLANK_FLASH)
        self.machine = [
            QEMU, '-M', 'sabrelite', '-smp', '1', '-m', '256', '-display', 'none', '-nodefaults',
            '-no-reboot', *hardware, '-serial', 'null', '-serial', 'stdio', '-kernel', kernel,
            '-dtb', devices, '-initrd', initramfs,
            '-drive', f'if=mtd,format=raw,file={self.flash}']

    def boot(self, command):
        """Powers it on, to run a command (words without blanks) and then to reboot. For a `with`."""
        self.boots += 1
        return Boot(self.machine + ['-append', f'{KERNEL_PARAMETERS} -- {command}'],
                    self.folder / f'console-{self.boots}')


class Boot:
    """From power-on to reboot or power cut."""

    def __init__(self, arguments, console):
        self.arguments = arguments
        self.console = console

    def __enter__(self):
        ours, its = socket.socketpair()
        ours.settimeout(BOOT_SECONDS)
        self.monitor = ours.makefile('rw')
        monitor = ['-chardev', f'socket,id=monitor,fd={its.fileno()}', '-mon', 'monitor,mode=control']
        with its, ours, self.console.open('wb') as console:
            self.process = subprocess.Popen(
                self.arguments + monitor, stdin=subprocess.DEVNULL, stdout=console,
                stderr=subprocess.STDOUT, pass_fds=[its.fileno()], preexec_fn=end_with_parent)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.monitor.close()

    def text(self):
        return self.console.read_text(errors='replace').replace('\r', '')

    def fail(self, problem):
        last = '\n'.join(self.text().splitlines()[-60:])
        raise Failed(f'{problem}\n--- the end of {self.console}\n{last}')

    def wait_for(self, pattern, seconds=BOOT_SECONDS):
        """Waits until the console shows this regular expression. Returns the match."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            match = re.search(pattern, self.text(), re.MULTILINE)
            if match:
                return match
            if ended or time.monotonic() > deadline:
                self.fail(f'{"it ended" if ended else f"{seconds} s passed"} without "{pattern}"')
            time.sleep(0.02)

    def wait_for_reboot(self, seconds):
        """Waits until the command has come to an end. Returns its exit status."""
        status = self.wait_for(r'^gateway: exit status (\d+)\n', BOOT_SECONDS + seconds)[1]
        try:
            self.process.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            self.fail('it does not reboot')
        return int(status)

    def cut_power(self):
        """Kills the emulator at once, wherever the gateway is.

        It is stopped first. The emulated part says that it has done what the emulator's threads
        have yet to write into the file; a kill between the two would lose what a real part keeps.
        """
        for command in ('qmp_capabilities', 'stop'):
            self.monitor.write(json.dumps({'execute': command}) + '\n')
            self.monitor.flush()
            while 'return' not in json.loads(self.monitor.readline()):
                pass
        self.process.kill()
        self.process.wait()
