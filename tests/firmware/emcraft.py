# SPDX-License-Identifier: Apache-2.0
"""The board in QEMU: boots images, talks to their console, and says how they ended."""
import contextlib
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

from relay import SERVER, network_to, relay_to  # noqa: E402,F401  # The board's network.

QEMU = 'qemu-system-arm'
NOR_BYTES = 16 << 20
KEY_ADDRESS = 0x3ff80


class Ended(Exception):
    """The image ended otherwise than it should have; the text says how, with the console."""


def make_nor(path):
    """An erased part."""
    with open(path, 'wb') as image:
        for _ in range(NOR_BYTES >> 16):
            image.write(b'\xff' * 65536)


class Board:
    """One boot, from power-on to its end. A context: no emulator outlives it."""

    def __init__(self, image, nor=None, key=None, network=('-nic', 'none'), options=(), log=None,
                 reboots=False):
        self.console = ''
        self._log = open(log, 'w') if log else None
        command = [QEMU, '-M', 'emcraft-sf2', '-display', 'none', '-monitor', 'none',
                   '-serial', 'stdio', '-kernel', str(image), *network, *options]
        # A reset ends the emulator, and everything that was programmed is in the file by then.
        # An end by semihosting would lose some of it.
        if not reboots:
            command.append('-no-reboot')
        if nor:
            command += ['-drive', f'if=mtd,format=raw,file={nor}']
        if key:
            command += ['-device', f'loader,file={key},addr={KEY_ADDRESS:#x},force-raw=on']
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT)
        self._pieces = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut_power()
        self.gather()
        if self._log:
            self._log.close()

    def _read(self):
        while piece := os.read(self._process.stdout.fileno(), 65536):
            self._pieces.put(piece.decode('utf-8', 'replace'))
        self._pieces.put(None)

    def _next(self, seconds):
        """What comes next. Empty: nothing came, or nothing more will."""
        try:
            piece = self._pieces.get(timeout=max(seconds, 0))
        except queue.Empty:
            return ''
        if piece is None:
            self._pieces.put(None)
            return ''
        return piece

    def _add(self, text):
        self.console += text
        if self._log and text:  # Nothing comes any more once it is closed.
            self._log.write(text)
            self._log.flush()

    def _take(self, seconds):
        """Adds what comes next to the console. False: nothing did."""
        piece = self._next(seconds)
        self._add(piece)
        return piece != ''

    def gather(self):
        """Adds what has come by now to the console. It may be millions of pieces: all at once."""
        self._add(''.join(iter(lambda: self._next(0), '')))

    def has_ended(self):
        return self._process.poll() is not None

    def send(self, line):
        self.type(line + '\n')

    def type(self, text):
        """At most 127 characters at a time: they come faster than over a real line."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def wait_for(self, pattern, seconds, since=0):
        """Waits until the console, from `since` on, has a match, and returns it."""
        until = time.monotonic() + seconds
        while not (match := re.compile(pattern, re.MULTILINE).search(self.console, since)):
            ended = self.has_ended()
            if not self._take(min(until - time.monotonic(), 0.2)) and (
                    ended or time.monotonic() > until):
                raise Ended(f'{"ended" if ended else f"{seconds} s passed"} without '
                            f'"{pattern}" on the console:\n{self.console}')
        return match

    def wait_for_end(self, seconds):
        """Waits until the image has ended. Returns the status of its line EXIT."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.gather()
            raise Ended(f'hangs: no end within {seconds} s:\n{self.console}') from None
        self._reader.join()
        self.gather()
        if code == -signal.SIGABRT:
            raise Ended(f'locked up:\n{self.console}')
        if code != 0:
            raise Ended(f'QEMU ended with {code}:\n{self.console}')
        fault = re.search(r'^FAULT.*$', self.console, re.MULTILINE)
        if fault:
            raise Ended(f'{fault.group()}\n{self.console}')
        verdict = re.search(r'^EXIT (-?\d+)\s*\Z', self.console, re.MULTILINE)
        if not verdict:
            raise Ended(f'reset without a verdict:\n{self.console}')
        return int(verdict.group(1))

    def cut_power(self):
        """SIGKILL. What was programmed last may not have reached the file."""
        if not self.has_ended():
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._reader.join()
        self._process.stdout.close()


class Monitor:
    """QEMU's own console (QMP), to pull the cable, and to look at memory."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile('r')
        self._lines.readline()
        self._run('qmp_capabilities')

    def _run(self, command, **arguments):
        self._socket.sendall(json.dumps({'execute': command, 'arguments': arguments}).encode())
        while 'return' not in (answer := json.loads(self._lines.readline())):
            if 'error' in answer:
                raise RuntimeError(answer['error'])

    def set_link(self, network, up):
        self._run('set_link', name=network, up=up)

    def save_memory(self, address, size, path):
        self._run('pmemsave', val=address, size=size, filename=str(path))


def run(image, seconds, **options):
    """Runs an image to its end and returns (status, console)."""
    with Board(image, log=pathlib.Path(image).with_suffix('.console'), **options) as board:
        return board.wait_for_end(seconds), board.console
