#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The board's Ethernet in QEMU: addresses, transfers without and with loss, full rings, hostile frames.

CONNECT_AUTH_PROBE names the image of network_probe.cc.
"""
import os
import random
import re
import socket
import tempfile
import threading
import time
import unittest

import emcraft
from wire import Wire

PATIENCE = 60
SENT = 20000  # what the probe sends before it receives
MAC = bytes.fromhex('02005e005301')
EVERYBODY = b'\xff' * 6
EXPERIMENTAL = b'\x88\xb5'


def octets(count):
    return (bytes(range(251)) * (count // 251 + 1))[:count]


class Server(threading.Thread):
    """Takes what the probe sends and gives what it asked for."""

    def __init__(self):
        super().__init__(daemon=True)
        self.faults = []
        self._socket = socket.create_server(('127.0.0.1', 0))
        self.port = self._socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile('rb') as source:
                wanted = int(source.readline())
                if source.read(SENT) != octets(SENT):
                    self.faults.append('what arrived is not what was sent')
                connection.sendall(octets(wanted))

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.join()


class NetworkTest(unittest.TestCase):

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)

    def boot(self, wire=None, options=()):
        network = ['-nic', 'user,id=n0,restrict=on,guestfwd=tcp:10.0.2.100:4433-'
                   f'{emcraft.relay_to(self.server.port)}',
                   *(wire.options('n0') if wire else [])]
        image = os.environ['CONNECT_AUTH_PROBE']
        board = self.enterContext(emcraft.Board(
            image, network=network, options=options,
            log=f'{image}.{self.id().rpartition(".")[2]}.console'))
        board.wait_for('^READY', PATIENCE)
        return board

    def command(self, board, line, answer, seconds=PATIENCE):
        since = len(board.console)
        board.send(line)
        return board.wait_for(answer, seconds, since)

    def fetch(self, board, count, command='fetch', seconds=PATIENCE):
        """Transfers so many octets whole; returns (frames not sent, frames without memory)."""
        answer = self.command(board, f'{command} {count}', r'^FETCHED .*dropped \d+', seconds).group()
        match = re.fullmatch(rf'FETCHED {count}, wrong 0, whole, unsent (\d+), dropped (\d+)', answer)
        self.assertTrue(match, answer)
        self.assertEqual(self.server.faults, [])
        return tuple(map(int, match.groups()))

    def end(self, board):
        board.send('end')
        self.assertEqual(board.wait_for_end(PATIENCE), 0)

    def test_dhcp_gives_an_address_and_much_comes_through(self):
        board = self.boot()
        self.command(board, 'dhcp', r'^ADDRESS 10\.0\.2\.15\s')
        self.assertEqual(self.fetch(board, 300000), (0, 0))
        self.end(board)

    def test_a_static_address_does_as_well(self):
        board = self.boot()
        self.command(board, 'static', r'^ADDRESS 10\.0\.2\.77\s')
        self.assertEqual(self.fetch(board, 300000), (0, 0))
        self.end(board)

    def test_a_slow_reader_gets_everything(self):
        board = self.boot()
        self.command(board, 'dhcp', r'^ADDRESS')
        self.assertEqual(self.fetch(board, 100000, 'dawdle')[0], 0)
        self.end(board)

    def test_a_full_ring_is_left_behind(self):
        with Wire() as wire:
            board = self.boot(wire)
            self.command(board, 'dhcp', r'^ADDRESS')
            for size in (60, 1514):
                since = len(board.console)
                self.command(board, 'deaf', '^DEAF')
                for _ in range(50):
                    wire.inject((EVERYBODY + MAC + EXPERIMENTAL).ljust(size, b'!'))
                board.wait_for('^HEARS again, overflowed', PATIENCE, since)
                self.fetch(board, 60000)
            self.end(board)

    def test_hostile_frames_do_no_harm(self):
        with Wire() as wire:
            board = self.boot(wire)
            self.command(board, 'dhcp', r'^ADDRESS')
            shouting = threading.Thread(target=shout, args=[wire, 3000], daemon=True)
            shouting.start()
            while shouting.is_alive():
                self.fetch(board, 20000)
            self.fetch(board, 60000)
            self.end(board)

    def test_one_frame_in_twenty_lost_each_way_loses_nothing(self):
        with Wire(loss=0.05, seed=1) as wire:
            board = self.boot(wire)
            self.command(board, 'dhcp', r'^ADDRESS')
            self.fetch(board, 300000, seconds=150)
            self.assertGreater(wire.from_board.lost, 0)
            self.assertGreater(wire.to_board.lost, 0)
            self.end(board)

    def test_a_cable_that_is_silent_for_a_time_in_the_middle(self):
        with Wire() as wire:
            board = self.boot(wire)
            self.command(board, 'dhcp', r'^ADDRESS')
            since = len(board.console)
            board.send('dawdle 100000')
            while wire.to_board.passed < 40:
                time.sleep(0.01)
            wire.unplugged = True
            time.sleep(5)
            wire.unplugged = False
            board.wait_for('^FETCHED 100000, wrong 0, whole', 2 * PATIENCE, since)
            self.end(board)

    def test_the_phy_tells_of_the_cable(self):
        with tempfile.TemporaryDirectory() as directory:
            monitor = f'{directory}/monitor'
            board = self.boot(options=['-qmp', f'unix:{monitor},server=on,wait=off'])
            self.command(board, 'dhcp', r'^ADDRESS')
            qemu = emcraft.Monitor(monitor)
            board.send('link')
            qemu.set_link('n0', up=False)
            board.wait_for('^LINK down', PATIENCE)
            qemu.set_link('n0', up=True)
            board.wait_for('^LINK up', PATIENCE)
            self.fetch(board, 60000)
            self.end(board)


def shout(wire, count):
    chance = random.Random(1)
    for _ in range(count):
        wire.inject(hostile(chance))
        time.sleep(0.001)


def hostile(chance):
    """A frame for the board that is wrong somewhere, of any size that a wire carries and some more."""
    kind = chance.choice([b'\x08\x00', b'\x08\x06', b'\x86\xdd', EXPERIMENTAL])
    header = chance.choice([EVERYBODY, MAC]) + chance.randbytes(6) + kind
    start = chance.choice([b'', b'\x45', b'\x4f', b'\x45\x00\xff\xff', b'\x00\x01\x08\x00\x06\x04\x00\x02'])
    size = chance.choice([14, 15, 60, 1514, 1518, 1536, 2000, chance.randrange(14, 1514)])
    frame = header + start
    return (frame + chance.randbytes(max(size - len(frame), 0)))[:size]


if __name__ == '__main__':
    unittest.main()
