#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MtdFlash, and the ring store on it, on the kernel's MTD of an emulated gateway."""
import unittest

import machine

# 16 MiB of NAND in memory, which is not NOR.
NAND = {'nandsim': 'first_id_byte=0x20 second_id_byte=0x33'}
SECONDS = 120


class MtdContracts(unittest.TestCase):
    def test_contracts(self):
        gateway = machine.Gateway('mtd_contracts', ['test_mtd_contracts'], NAND)

        with gateway.boot('test_mtd_contracts') as boot:
            status = boot.wait_for_reboot(SECONDS)

        self.assertEqual(status, 0, boot.text())


if __name__ == '__main__':
    machine.main()
