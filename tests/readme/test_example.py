#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the README's example against the bundled server.

The built example is named by the environment variable CONNECT_AUTH_EXAMPLE.
"""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))

import certificates  # noqa: E402
from oauth_server import OAuthServer  # noqa: E402


class Example(unittest.TestCase):
    def run_against(self, server: OAuthServer, password: str) -> subprocess.CompletedProcess:
        environment = dict(os.environ, CLIENT_SECRET=server.client_secret, PASSWORD=password)
        command = [os.environ["CONNECT_AUTH_EXAMPLE"], server.url, str(server.chain.ca_file)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    def test_example_fetches_a_token(self) -> None:
        directory = os.environ["CONNECT_AUTH_TEST_CERTIFICATES"]
        with OAuthServer(certificates.make_chain(pathlib.Path(directory), "rsa")) as server:
            server.client_id = "Application1"
            server.username = "Administrator"

            good = self.run_against(server, server.password)
            bad = self.run_against(server, "wrong")

        self.assertEqual((good.returncode, good.stdout), (0, "891 characters for 3600 s\n"))
        self.assertEqual((bad.returncode, bad.stdout), (1, ""))


if __name__ == "__main__":
    unittest.main()
