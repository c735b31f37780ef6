#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The flaky cable by itself, with this program in QEMU's place."""
import re
import socket
import struct
import time
import unittest

from wire import Wire, read_frame


class Emulator:
    """The four ends that QEMU connects to."""

    def __init__(self, wire):
        self._options = ' '.join(wire.options('n0'))
        self.sockets = {}
        for name, path in re.findall(r'socket,id=(\w+),path=(\S+)', self._options):
            self.sockets[name] = socket.socket(socket.AF_UNIX)
            self.sockets[name].connect(path)
            self.sockets[name].settimeout(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self.sockets.values():
            each.close()

    def send(self, way, frames):
        self.sockets[f'{way}out'].sendall(b''.join(struct.pack('>I', len(f)) + f for f in frames))

    def receive_all(self, way):
        """Ends the way, and returns what came through it."""
        self.sockets[f'{way}out'].shutdown(socket.SHUT_WR)
        with self.sockets[f'{way}in'].makefile('rb') as source:
            return list(iter(lambda: read_frame(source), b''))


FRAMES = [bytes([n % 256, n // 256]) * (30 + n % 700) for n in range(2000)]


class WireTest(unittest.TestCase):

    def plug(self, **options):
        wire = self.enterContext(Wire(**options))
        return wire, self.enterContext(Emulator(wire))

    def through(self, way, frames=FRAMES, **options):
        """What arrives of frames sent over a new cable."""
        with Wire(**options) as wire, Emulator(wire) as emulator:
            emulator.send(way, frames)
            return emulator.receive_all(way), wire

    def test_a_good_cable_passes_every_frame_as_it_is(self):
        for way in ('rx', 'tx'):
            arrived, wire = self.through(way)
            self.assertEqual(arrived, FRAMES)
            count = wire.from_board if way == 'rx' else wire.to_board
            self.assertEqual((count.passed, count.lost), (len(FRAMES), 0))

    def test_loss_is_as_often_as_asked_for_and_the_same_for_a_seed(self):
        for way in ('rx', 'tx'):
            arrived, wire = self.through(way, loss=0.05, seed=7)
            count = wire.from_board if way == 'rx' else wire.to_board
            self.assertEqual(count.passed, len(arrived))
            self.assertEqual(count.passed + count.lost, len(FRAMES))
            self.assertTrue(60 <= count.lost <= 140, count.lost)
            self.assertEqual(arrived, self.through(way, loss=0.05, seed=7)[0])
            self.assertNotEqual(arrived, self.through(way, loss=0.05, seed=8)[0])
            in_order = iter(FRAMES)
            self.assertTrue(all(frame in in_order for frame in arrived))

    def test_ways_lose_different_frames(self):
        self.assertNotEqual(self.through('rx', loss=0.05)[0], self.through('tx', loss=0.05)[0])

    def test_an_unplugged_cable_passes_nothing_and_then_everything(self):
        wire, emulator = self.plug()
        with emulator.sockets['txin'].makefile('rb') as arrivals:
            emulator.send('tx', FRAMES[:10])
            self.assertEqual([read_frame(arrivals) for _ in range(10)], FRAMES[:10])
            wire.unplugged = True
            emulator.send('tx', FRAMES[10:20])
            while wire.to_board.lost < 10:
                pass
            wire.unplugged = False
            emulator.send('tx', FRAMES[20:30])
            self.assertEqual([read_frame(arrivals) for _ in range(10)], FRAMES[20:30])
        self.assertEqual((wire.to_board.passed, wire.to_board.lost), (20, 10))

    def test_frames_can_be_put_in_on_the_way_to_the_board(self):
        wire, emulator = self.plug(loss=1)
        for frame in FRAMES[:3]:
            wire.inject(frame)
        emulator.send('tx', FRAMES[3:6])
        self.assertEqual(emulator.receive_all('tx'), FRAMES[:3])

    def test_a_frame_that_ends_early_is_not_passed(self):
        _, emulator = self.plug()
        emulator.sockets['rxout'].sendall(struct.pack('>I', 100) + b'short')
        self.assertEqual(emulator.receive_all('rx'), [])

    def test_the_filter_that_lets_in_comes_first_on_the_way_from_the_board(self):
        wire, _ = self.plug()
        filters = [o for o in wire.options('n0') if 'filter-redirector' in o and 'queue=rx' in o]
        self.assertIn('indev=', filters[0])
        self.assertIn('outdev=', filters[1])

    def test_a_cable_that_was_never_plugged_in_can_be_put_away(self):
        began = time.monotonic()
        with Wire() as wire:
            pass
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(wire.from_board.passed, 0)


if __name__ == '__main__':
    unittest.main()
