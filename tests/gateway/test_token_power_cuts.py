#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power of the emulated gateway is cut while it renews its token again and again: the next boot has
the old token or the new one, and need not ask for one."""
import os
import random
import time
import unittest

import machine
from gateway_test import PATIENCE, GatewayTest, harness

CUTS = int(os.environ.get('CONNECT_AUTH_CUTS', '10'))
SEED = int(os.environ.get('CONNECT_AUTH_SEED', random.randrange(1 << 32)))
# Half of the cuts come at any moment of the renewals, half while a token that was just issued is on its
# way into the flash.
MOST_SECONDS = {'renewing': 2, 'an answer': 0.5}


class TokenPowerCuts(GatewayTest):
    def setUp(self):
        super().setUp()
        self.gateway = self.make_gateway()
        self.begin()

    def begin(self):
        """A boot that gets a token, and ends well."""
        self.run_errands(self.gateway, 'token')
        self.possible = self.tokens_issued()[-1:]  # What the next boot may deliver: the old, the new.

    def assert_delivers(self, text):
        """Returns which of the possible tokens a boot had."""
        delivered, = self.tokens_in(text)
        self.assertIn(delivered, self.possible, 'another token')
        return delivered

    def cut(self, after, seconds):
        """A boot that delivers its token, renews it again and again, and ends with a power cut. Returns
        which token the last cut had left, and how many renewals came to their end."""
        before = len(self.server.tokens_issued)
        with self.gateway.boot('errands token renew') as boot:
            boot.wait_for('^renewing', machine.BOOT_SECONDS + PATIENCE)
            if after == 'an answer':
                self.assertTrue(harness.wait_until(lambda: len(self.server.tokens_issued) > before))
            time.sleep(seconds)
            boot.cut_power()
        self.assertTrue(self.server.settle())
        text = boot.text()
        self.assertNotIn('exit status', text)
        last, among = self.assert_delivers(text), self.possible
        found = 'the only token' if len(among) == 1 else 'the old token' if last == among[0] else 'the new token'
        renewed, issued = self.tokens_in(text, 'renewed'), self.tokens_issued()[before:]
        self.assertEqual(renewed, issued[:len(renewed)])
        # One request for each renewal, and none besides.
        self.assertLessEqual(len(issued), text.count('renewing\n'))
        self.assertEqual(self.server.token_requests, len(self.server.tokens_issued))
        self.possible = [(renewed or [last])[-1], *issued[len(renewed):]]
        return found, len(renewed)

    def end(self):
        """A boot that ends well, with what the last cut has left."""
        requests = self.server.token_requests
        self.assert_delivers(self.run_errands(self.gateway, 'token'))
        self.assertEqual(self.server.token_requests, requests)

    def test_power_cuts(self):
        print(f'CONNECT_AUTH_SEED={SEED}', flush=True)
        moments = random.Random(SEED)
        began = time.monotonic()
        for number in range(1, CUTS + 1):
            after = moments.choice(list(MOST_SECONDS))
            seconds = moments.uniform(0, MOST_SECONDS[after])
            found, renewed = self.cut(after, seconds)
            print(f'cut {number}, {seconds:.2f} s after {after}: found {found}, {renewed} more renewed', flush=True)
        self.end()
        print(f'{CUTS} cuts and the boots after them: {time.monotonic() - began:.0f} s', flush=True)

    def test_flash_that_forgets_or_goes_back_is_found_out(self):
        flash = self.gateway.flash
        older = flash.read_bytes()
        while self.cut('an answer', 2)[1] == 0:  # A loaded machine has not renewed by then.
            pass

        for contents in (older, machine.BLANK_FLASH):
            flash.write_bytes(contents)
            with self.assertRaisesRegex(AssertionError, 'another token'):
                self.end()


if __name__ == '__main__':
    machine.main()
