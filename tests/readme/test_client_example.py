#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the README's example of a client, in C, against a service.

The built example is named by the environment variable CONNECT_AUTH_EXAMPLE.
"""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "program"))

from service import ServiceTest  # noqa: E402


class ClientExample(ServiceTest):
    def run_example(self) -> subprocess.CompletedProcess:
        command = [os.environ["CONNECT_AUTH_EXAMPLE"], self.device.settings["daemon"]["socket"]]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def test_example_prints_a_field(self) -> None:
        with self.running():
            done = self.run_example()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"Authorization: Bearer {self.server.tokens_issued[0]}\n")

    def test_example_says_why_not(self) -> None:
        self.device.use_password(self.server.username, "wrong-password")
        with self.running():
            done = self.run_example()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("does not accept username and password", done.stderr)

    def test_example_without_a_service(self) -> None:
        done = self.run_example()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", ""))


if __name__ == "__main__":
    unittest.main()
