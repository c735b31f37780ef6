# SPDX-License-Identifier: Apache-2.0
"""The golden ring and its record, read with nothing but what agent/store/README.md says of their octets."""

import hashlib
import pathlib
import re
import struct
import unittest
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden_records.h"
BLOCK_BYTES = 4096
UNIT = 8
# As test_golden_records.cc has them.
KEY = bytes.fromhex("00112233445566778899aabbccddeeff807ffe01").ljust(32, b"\0")
CONFIGURATION = (b"server.domain.tld", struct.pack(">H", 443), b"/Connect/api/token", b"Application1", b"\0",
                 b"Administrator")


def golden(name: str) -> bytes:
    """An array of golden_records.h."""
    octets = re.search(name + r" = \{(.*?)\};", GOLDEN.read_text(encoding="utf-8"), re.DOTALL)
    return bytes(int(octet, 16) for octet in re.findall("0x([0-9A-F]{2})", octets[1]))


def digest(*fields: bytes) -> bytes:
    """D of the README."""
    return hashlib.sha256(b"".join(struct.pack(">I", len(field)) + field for field in fields)).digest()


def mark(number: int) -> bytes:
    """A mark of a number."""
    octets = struct.pack(">I", number)
    return octets + struct.pack(">I", zlib.crc32(octets, 0xCA100000 + BLOCK_BYTES + UNIT))


class GoldenLayout(unittest.TestCase):
    def test_ring(self) -> None:
        content = golden("kGoldenRecord")
        size = len(content) * 32768 + 4 * UNIT // 8 - 1  # The block begins four units before.
        header = struct.pack(">IB15s", size, 2, b"state")
        commit = mark(zlib.crc32(content))
        record = mark(0) + header + struct.pack(">I", zlib.crc32(header)) + content
        record += b"\xff" * (-len(record) % UNIT) + commit + commit
        self.assertEqual(golden("kGoldenLog"), mark(0) + mark(0) + mark(1) + mark(1) + record)
        self.assertEqual(golden("kGoldenReadyBlock"), mark(0))

    def test_record(self) -> None:
        record = golden("kGoldenRecord")
        fingerprint = digest(*CONFIGURATION)
        marks = digest(b"connect-auth key", KEY)[:4] + fingerprint[:4]
        self.assertEqual(record[:12], b"CA\x02\x01" + marks)
        self.assertEqual(record[12:16].hex(), "01020304")

        state = AESGCM(KEY).decrypt(record[12:24], record[24:], record[:24] + fingerprint)

        spent_code = bytes((0xF0 + i) % 256 for i in range(32))
        latch = struct.pack(">BHqQq8s", 2, 401, 77, 5, 1800000001, bytes(range(0xA0, 0xA8)))
        token = struct.pack(">IqQq", 3600, 0x0102030405060708, 0xFFFFFFFFFFFFFFFE, 0x123456789)
        expected = b"\1" + latch + token + spent_code + struct.pack(">I", 9) + b"the token" + b"refresh"
        self.assertEqual(state, expected)


if __name__ == "__main__":
    unittest.main()
