#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The firmware on a bad cable: one frame in twenty lost each way, and none at all for a time."""
import time
import unittest

from firmware_test import FirmwareTest, network_to
from wire import Wire

NEW = r'^TOKEN new, number {}, '
# TCP waits longer with each loss in a row.
LONG = 240


class Loss(FirmwareTest):

    def boot_on(self, wire):
        self.provision()
        return self.boot([*network_to(self.server.port), *wire.options('n0')])

    def test_tokens_arrive_though_one_frame_in_twenty_is_lost_each_way(self):
        self.server.lifetime = 40
        with Wire(loss=0.05, seed=1) as wire:
            with self.boot_on(wire) as board:
                for number in (1, 2, 3):
                    board.wait_for(NEW.format(number), LONG)
            self.assertGreater(wire.from_board.lost + wire.to_board.lost, 0)

    def test_a_cable_that_was_silent_is_recovered_from(self):
        self.server.lifetime = 40
        with Wire() as wire:
            with self.boot_on(wire) as board:
                board.wait_for(NEW.format(1), LONG)
                wire.unplugged = True
                board.wait_for('^FAILED ', LONG)
                time.sleep(5)
                wire.unplugged = False
                board.wait_for(NEW.format(2), LONG)


if __name__ == '__main__':
    unittest.main()
