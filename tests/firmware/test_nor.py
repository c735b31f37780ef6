#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The serial NOR of the board over three boots: each finds what the one before left, and the file of
the emulator holds it.

The image is named by CONNECT_AUTH_NOR_IMAGE.
"""
import os
import pathlib
import tempfile
import unittest

import emcraft

BLOCK = 65536
# As in nor_image.cc.
PATTERN_AT = 10 * BLOCK + 3
PATTERN_BYTES = BLOCK - 3 - 256
PATIENCE = 240


def pattern(boot):
    return bytes((boot * 31 + i * 7 + i // 256) % 256 for i in range(PATTERN_BYTES))


class NorTest(unittest.TestCase):
    def test_each_boot_finds_what_the_one_before_left(self):
        image = os.environ['CONNECT_AUTH_NOR_IMAGE']
        with tempfile.TemporaryDirectory() as folder:
            nor = pathlib.Path(folder, 'nor.bin')
            emcraft.make_nor(nor)
            for boots in range(3):
                status, console = emcraft.run(image, PATIENCE, nor=nor)
                self.assertEqual(status, 0, console)
                self.assertIn(f'booted before: {boots}\n', console.replace('\r', ''))
                with open(nor, 'rb') as file:
                    file.seek(PATTERN_AT)
                    self.assertEqual(file.read(PATTERN_BYTES), pattern(boots + 1))


if __name__ == '__main__':
    unittest.main()
