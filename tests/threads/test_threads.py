# SPDX-License-Identifier: Apache-2.0
"""Ten threads share an agent: one request at a time, however many want a token."""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "server")]

import certificates
from oauth_server import OAuthServer

OK = "0"
TIMEOUT = "7"
BUFFER_TOO_SMALL = "4"


class Threads(unittest.TestCase):
    """One run, with all the situations."""

    def setUp(self) -> None:
        directory = os.environ.get("CONNECT_AUTH_TEST_CERTIFICATES") or self.enterContext(
            tempfile.TemporaryDirectory())
        self.server = self.enterContext(OAuthServer(certificates.make_chain(directory, "ecdsa")))
        self.server.response_delay = 1.0

    def test_each_situation_makes_one_request(self) -> None:
        program = os.environ["CONNECT_AUTH_THREADS"]
        run = subprocess.run(
            [program, self.server.url, str(self.server.chain.ca_file)],
            capture_output=True, timeout=100, check=False,
        )
        self.assertEqual((run.returncode, run.stderr.decode()), (0, ""))
        found = collections.defaultdict(collections.Counter)
        for line in run.stdout.decode().splitlines():
            situation, *outcome = line.split()
            found[situation][tuple(outcome)] += 1

        tokens = self.server.tokens_issued
        self.assertEqual(len(tokens), 5)
        self.assertEqual(self.server.token_requests, 5)
        self.assertEqual(found, {
            "start": {(OK, tokens[0]): 10},
            "again": {(OK, tokens[0]): 10},
            "expiry": {(OK, tokens[1]): 10},
            "rejected": {(OK, tokens[2]): 10},
            "rejected_late": {(OK, tokens[2]): 10},
            "some_impatient": {(TIMEOUT,): 5, (OK, tokens[3]): 5},
            "all_impatient": {(TIMEOUT,): 10},
            "gone_on_with": {(OK, tokens[4]): 10},
            "too_small": {(BUFFER_TOO_SMALL,): 1},
        })


if __name__ == "__main__":
    unittest.main()
