#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Power is cut at random moments of renewals: every boot after that delivers a token, old or new.

CONNECT_AUTH_CUTS says how often (20), CONNECT_AUTH_SEED at which moments.
"""
import os
import random
import time
import unittest

from firmware_test import PATIENCE, FirmwareTest

CUTS = int(os.environ.get('CONNECT_AUTH_CUTS', '20'))
SEED = int(os.environ.get('CONNECT_AUTH_SEED', str(random.randrange(1 << 32))))


class Power(FirmwareTest):
    device_settings = {'sample': '/Connect/api/devices', 'sample_period': '1'}

    def test_a_token_is_delivered_after_every_cut(self):
        print(f'CONNECT_AUTH_SEED={SEED} CONNECT_AUTH_CUTS={CUTS}', flush=True)
        moments = random.Random(SEED)
        self.provision()
        kept = 0
        for cut in range(CUTS):
            board = self.boot()
            board.wait_for(r'^SAMPLE HTTP 200', PATIENCE)
            kept += 'TOKEN kept' in board.console
            board.send('forget' if cut % 4 == 3 else 'renew')
            time.sleep(moments.uniform(0, 0.3))
            board.cut_power()
        self.boot().wait_for(r'^SAMPLE HTTP 200', PATIENCE)
        self.assertGreater(kept, 0)
        # A token that just came is not renewed, and those after a `forget` did: half of the cuts are left.
        self.assertGreater(self.server.token_requests, CUTS // 2)
        self.assertEqual(self.server.failed_logins, 0)


if __name__ == '__main__':
    unittest.main()
