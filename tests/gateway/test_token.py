#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A token on the emulated gateway: from the server over TLS, and from the flash after a reboot."""
import json
import re
import unittest

import machine
from gateway_test import GatewayTest

# KB of a cold run.
MOST_RESIDENT = 2200


class Token(GatewayTest):
    def begin(self, gateway):
        """The first boot. Returns what it said."""
        said = self.run_errands(gateway, 'cold')
        self.assertEqual(self.tokens_in(said), self.tokens_issued())
        self.assertEqual(self.server.token_requests, 1)
        return said

    def assert_kept(self, gateway):
        """Another boot delivers the same token, and the server sees not even a connection. Returns what
        the boot said."""
        connections = self.server.count_connections()
        said = self.run_errands(gateway, 'token', 'status')
        self.assertEqual(self.tokens_in(said), self.tokens_issued()[:1], 'another token')
        self.assertEqual(self.server.count_connections(), connections)
        return said

    def test_token_outlasts_a_reboot(self):
        gateway = self.make_gateway()

        said = self.begin(gateway)

        resident, micros = re.search(r'^resident (\d+) (\d+)\n', said, re.MULTILINE).groups()
        print(f'cold run: {resident} KB resident, {int(micros) / 1e6:.1f} s', flush=True)
        self.assertLessEqual(int(resident), MOST_RESIDENT)

        said = self.assert_kept(gateway)

        about = json.loads(said[said.index('{'):said.rindex('}') + 1])
        self.assertEqual((about['store_kind'], about['stored'], about['records_written'], about['clock_source']),
                         ('NOR flash', 'state', 1, 'platform'))
        self.assertGreater(about['remaining_seconds'], 0)

        said = self.run_errands(gateway, 'doctor', 'token')

        verdicts = re.findall(r'^(ok|warn|fail|skip) +([^:]+): ', said, re.MULTILINE)
        self.assertIn(('ok', 'storage'), verdicts)
        self.assertEqual({verdict for verdict, _ in verdicts}, {'ok'}, said)
        # It asks once without credentials, and once with them; what comes is stored.
        self.assertEqual(self.server.token_requests, 3)
        self.assertEqual(self.tokens_in(said), self.tokens_issued()[1:])

    def test_store_that_does_not_last_is_found_out(self):
        self.settings['store']['path'] = '/tmp/store'
        gateway = self.make_gateway()
        self.begin(gateway)

        with self.assertRaisesRegex(AssertionError, 'another token'):
            self.assert_kept(gateway)


if __name__ == '__main__':
    machine.main()
