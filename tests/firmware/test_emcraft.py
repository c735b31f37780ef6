#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The runner reports each way in which an image may end as what it is.

CONNECT_AUTH_MISBEHAVE and CONNECT_AUTH_SEEDED_ASSERTION name the images.
"""
import os
import pathlib
import subprocess
import sys
import unittest

import emcraft

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 60


def status(way, seconds=PATIENCE):
    """Boots, names the way to end, and returns the verdict."""
    with emcraft.Board(os.environ['CONNECT_AUTH_MISBEHAVE']) as board:
        board.wait_for('^READY', PATIENCE)
        board.send(way)
        return board.wait_for_end(seconds)


class Endings(unittest.TestCase):
    def assert_ends(self, way, report, seconds=PATIENCE):
        with self.assertRaises(emcraft.Ended) as caught:
            status(way, seconds)
        self.assertRegex(str(caught.exception), report)
        self.assertIn('READY', str(caught.exception), 'the console is part of the report')

    def test_the_status_of_the_image_is_the_verdict(self):
        self.assertEqual(status('pass'), 0)
        self.assertEqual(status('fail'), 3)

    def test_a_reset_is_no_success(self):
        self.assert_ends('reset', 'reset without a verdict')

    def test_a_hang(self):
        self.assert_ends('hang', 'hangs: no end within 1 s', seconds=1)

    def test_a_line_that_does_not_come(self):
        with emcraft.Board(os.environ['CONNECT_AUTH_MISBEHAVE']) as board:
            with self.assertRaisesRegex(emcraft.Ended, '1 s passed without "NEVER"'):
                board.wait_for('NEVER', 1)
            board.send('pass')
            with self.assertRaisesRegex(emcraft.Ended, 'ended without "NEVER"'):
                board.wait_for('NEVER', PATIENCE)

    def test_faults(self):
        memory, bus, usage = 'exception=00000004', 'exception=00000005', 'exception=00000006'
        for way, exception, what in (
                ('read null', memory, 'mmfar=00000000'),
                ('write null', memory, 'mmfar=00000000'),
                ('call null', memory, 'mmfar'),
                ('divide', usage, 'cfsr=02000000'),
                ('touch nothing', bus, 'bfar=20010000')):
            with self.subTest(way):
                self.assert_ends(way, rf'^FAULT {exception}.*pc=0000.*{what}')

    def test_stack_overflows(self):
        self.assert_ends('overflow', '^FAULT stack overflow')
        self.assert_ends('overflow in a handler', '^FAULT exception=00000004')

    def test_a_lock_up(self):
        self.assert_ends('lock up', '^locked up: QEMU ended with -6')

    def test_a_failed_assertion_fails_in_ctest(self):
        run = subprocess.run([sys.executable, str(HERE / 'run_image.py'),
                              os.environ['CONNECT_AUTH_SEEDED_ASSERTION']],
                             stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual(run.returncode, 1)
        self.assertIn('0x1 != 0x2', run.stdout)
        self.assertIn('EXIT 1', run.stdout)


if __name__ == '__main__':
    unittest.main()
