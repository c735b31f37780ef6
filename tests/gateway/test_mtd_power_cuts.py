#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the ring store keeps on the MTD of an emulated gateway, through reboots and power cuts."""
import os
import random
import re
import time
import unittest

import machine

CUTS = int(os.environ.get('CONNECT_AUTH_CUTS', '10'))
SEED = int(os.environ.get('CONNECT_AUTH_SEED', random.randrange(1 << 32)))
FEW_UPDATES = 20
MANY_UPDATES = 1_000_000
# The power goes at a random moment after one of these: in what the program makes of the last cut, or
# in its updates.
SIGNS = ('^gateway: up', '^stored', '^stored')
MOST_SECONDS = 0.8


class MtdPowerCuts(unittest.TestCase):
    def setUp(self):
        self.gateway = machine.Gateway('mtd_power_cuts', ['mtd_updates'])

    def update(self, updates):
        """A boot that ends well. Returns the update found and the last one stored."""
        with self.gateway.boot(f'mtd_updates {updates}') as boot:
            self.assertEqual(boot.wait_for_reboot(60), 0, boot.text())
        found = int(re.search(r'^found (\d+)\n', boot.text(), re.MULTILINE)[1])
        return found, found + updates

    def cut(self, sign, seconds):
        """A boot that ends with a power cut, this long after a sign on the console. Returns the update
        found, or None when it did not get that far, and the updates said to be stored."""
        with self.gateway.boot(f'mtd_updates {MANY_UPDATES}') as boot:
            boot.wait_for(sign)
            time.sleep(seconds)
            boot.cut_power()
        text = boot.text()
        self.assertNotRegex(text, 'garbage|not stored|no partition|exit status', text)
        found = re.search(r'^found (\d+)\n', text, re.MULTILINE)
        stored = [int(number) for number in re.findall(r'^stored (\d+)\n', text, re.MULTILINE)]
        return found and int(found[1]), stored

    def test_power_cuts(self):
        print(f'CONNECT_AUTH_SEED={SEED}', flush=True)
        moments = random.Random(SEED)
        found, last = self.update(FEW_UPDATES)
        self.assertEqual(found, 0)
        possible = {last}  # What a boot may find: nothing was under way.
        for number in range(1, CUTS + 1):
            sign, seconds = moments.choice(SIGNS), moments.uniform(0, MOST_SECONDS)
            found, stored = self.cut(sign, seconds)
            print(f'cut {number}, {seconds:.2f} s after "{sign[1:]}": found {found} of {sorted(possible)}, '
                  f'{len(stored)} more stored', flush=True)
            if found is not None:
                self.assertIn(found, possible, f'see {self.gateway.folder}')
                self.assertEqual(stored, list(range(found + 1, found + 1 + len(stored))))
                last = found + len(stored)
                possible = {last, last + 1}
        found, last = self.update(FEW_UPDATES)
        self.assertIn(found, possible, f'see {self.gateway.folder}')
        found, _ = self.update(0)
        self.assertEqual(found, last)


if __name__ == '__main__':
    machine.main()
