# SPDX-License-Identifier: Apache-2.0
"""A token that one machine has stored is read by another that has the same key: from files, and from
the ring.

CONNECT_AUTH_PROGRAM is the other machine's program, CONNECT_AUTH_HOST_PROGRAM that of this one.
"""

import os
import pathlib
import sys
import unittest
import unittest.mock

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "program")]

from harness import Device, Outcome, ProgramTest  # noqa: E402

OTHER = os.environ["CONNECT_AUTH_PROGRAM"]
THIS = os.environ["CONNECT_AUTH_HOST_PROGRAM"]


def run(program: str, device: Device) -> Outcome:
    """Asks for a token with one of the programs."""
    with unittest.mock.patch.dict(os.environ, CONNECT_AUTH_PROGRAM=program):
        return device.run("token")


class Exchange(ProgramTest):
    """Both programs, one device's store."""

    def assert_reads(self, device: Device, writer: str, reader: str) -> None:
        """What one stored, the other delivers without a request."""
        written = run(writer, device)
        self.assert_done(written)
        requests = self.server.token_requests

        read = run(reader, device)

        self.assert_done(read)
        self.assertEqual(read.token, written.token)
        self.assertEqual(self.server.token_requests, requests)

    def assert_exchange(self, writer: str, reader: str) -> None:
        """Through both kinds of store."""
        self.assert_reads(self.new_device(), writer, reader)
        device = self.new_device()
        image = device.directory / "image"
        image.touch(mode=0o600)
        device.settings["store"]["path"] = str(image)
        self.assert_reads(device, writer, reader)

    def test_this_machine_reads_what_the_other_has_stored(self) -> None:
        self.assert_exchange(OTHER, THIS)

    def test_the_other_machine_reads_what_this_one_has_stored(self) -> None:
        self.assert_exchange(THIS, OTHER)


if __name__ == "__main__":
    unittest.main()
