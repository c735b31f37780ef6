# SPDX-License-Identifier: Apache-2.0
"""`provision`: what a device with the firmware is given. What comes out is read by another
implementation: the ring from its description in agent/store, the seal with OpenSSL's AES-GCM, the
fields by their table.

CONNECT_AUTH_PROVISION_KILLS: how often the program is killed for each kind of image (default: 40).
"""

import hashlib
import os
import pathlib
import random
import shlex
import struct
import subprocess
import time
import unittest
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from harness import (
    CLIENT_SECRET,
    EXIT_DONE,
    EXIT_OTHER,
    EXIT_STORAGE,
    EXIT_USAGE,
    PASSWORD,
    Outcome,
    ProgramTest,
    chain,
)

KILLS = int(os.environ.get("CONNECT_AUTH_PROVISION_KILLS", "40"))
BLOCK = 65536
PART = 256 * BLOCK
AREA = 2 * BLOCK
UNIT = 8


def newest_record(area: bytes) -> bytes:
    """The record `provision` that counts in a ring; empty: none."""
    blocks = [area[at : at + BLOCK] for at in range(0, len(area), BLOCK)]
    epochs = [int.from_bytes(block[2 * UNIT : 2 * UNIT + 4], "big") for block in blocks]
    epochs = [0 if epoch == 0xFFFFFFFF else epoch for epoch in epochs]
    if not any(epochs):
        return b""
    block = blocks[epochs.index(max(epochs))]
    newest = b""
    for at in range(4 * UNIT, BLOCK - 24, UNIT):
        header = block[at : at + 24]
        if header[4:20] != b"\2" + b"provision".ljust(15, b"\0"):
            continue
        size = int.from_bytes(header[:4], "big") >> 15
        content = block[at + 24 : at + 24 + size]
        commit = at + 24 + -(-size // UNIT) * UNIT
        if block[commit : commit + 4] == struct.pack(">I", zlib.crc32(content)):
            newest = content
    return newest


def opened(record: bytes, key: bytes) -> tuple[int, dict[int, bytes]]:
    """Sequence number and fields of a sealed record, by their tags."""
    mark = hashlib.sha256()
    for field in (b"connect-auth key", key):
        mark.update(struct.pack(">I", len(field)) + field)
    assert record[:4] == b"CA\2\3", record[:4]
    assert record[4:12] == mark.digest()[:4] + bytes(4), record[4:12]
    payload = AESGCM(key).decrypt(record[12:24], record[24:], record[:24] + bytes(32))
    fields: dict[int, bytes] = {}
    while payload:
        tag, size = struct.unpack(">BH", payload[:3])
        assert tag > max(fields, default=0), "not in ascending order"
        fields[tag] = payload[3 : 3 + size]
        payload = payload[3 + size :]
    return int.from_bytes(record[12:16], "big"), fields


class ProvisionTest(ProgramTest):
    """A configuration for a device, its key file, and the image of its flash."""

    def setUp(self) -> None:
        super().setUp()
        self.settings = self.device.settings
        self.key_file = self.device.directory / "device.key"
        self.image = self.device.directory / "nor.bin"
        self.settings["device"] = {"key_file": str(self.key_file)}
        self.temporary = self.device.directory / "nor.bin.new"

    def provision(self, *options: str) -> Outcome:
        """Provisions the image, in vain or not."""
        return self.device.run("provision", str(self.image), *options)

    def provisioned(self) -> tuple[int, dict[int, bytes]]:
        """What the image holds for the device."""
        with open(self.image, "rb") as image:
            return opened(newest_record(image.read(AREA)), self.key_file.read_bytes())

    def fields(self) -> dict[int, bytes]:
        """Provisions the image, and says what it holds then."""
        self.assert_done(self.provision())
        return self.provisioned()[1]

    def number(self, fields: dict[int, bytes], tag: int) -> int:
        """A field that is a number."""
        self.assertEqual(len(fields[tag]), 8)
        return int.from_bytes(fields[tag], "big")

    def assert_refused(self, outcome: Outcome, code: int, *mentions: str) -> None:
        """One sentence, and no image was begun."""
        self.assert_fails(outcome, code)
        for words in mentions:
            self.assertIn(words, outcome.stderr.decode())
        self.assertFalse(self.temporary.exists())

    def assert_wrong(self, section: str, mentions: str, **values: str) -> None:
        """With these settings nothing is made, neither image nor key."""
        before = dict(self.settings[section])
        with self.subTest(**values):
            self.settings[section] |= values
            self.assert_refused(self.provision(), EXIT_USAGE, mentions)
            self.assertFalse(self.image.exists() or self.key_file.exists())
        self.settings[section] = before


class Fields(ProvisionTest):
    """What a device is told."""

    def test_configuration_arrives(self) -> None:
        before = int(time.time())
        fields = self.fields()
        self.assertEqual(fields[1].decode(), self.server.url)
        self.assertEqual(fields[2], b"/Connect/api/token")
        self.assertEqual(fields[10].decode(), self.server.client_id)
        self.assertEqual((fields[11].decode(), fields[22].decode()), (CLIENT_SECRET, PASSWORD))
        self.assertEqual(fields[21].decode(), self.server.username)
        self.assertEqual((fields[4], fields[5], fields[23], fields[24]), (b"", b"", b"", b""))
        self.assertEqual((self.number(fields, 30), self.number(fields, 31)), (40000, 20000))
        for tag in (6, 40):
            self.assertTrue(before <= self.number(fields, tag) <= time.time())
        self.assertEqual([self.number(fields, tag) for tag in (50, 51, 52, 53)], [0, 0, 0, 0])
        # Neither an Ethernet address nor this machine's identity.
        self.assertEqual((fields[41], fields[54], fields[60]), (b"", b"", b""))
        self.assertEqual(self.server.count_connections(), 0)

    def test_every_setting_arrives(self) -> None:
        pin = "sha256//" + "A" * 43 + "="
        self.settings["server"] |= {"token_path": "/t", "pin": pin}
        self.settings["client"]["auth_encoding"] = "form"
        self.settings["store"]["gain"] = "7"
        self.settings["limits"] |= {"renewal_margin": "8", "default_lifetime": "9",
                                    "refused_wait": "3600"}
        self.settings["device"] |= {
            "address": "192.0.2.10/26", "gateway": "192.0.2.1", "dns": "198.51.100.53",
            "mac": "02:00:5e:00:53:01", "start_spread": "11", "retry_period": "1200",
            "sample": "/Connect/api/devices?take=1", "sample_period": "13"}
        self.device.use_code("the-code", "https://x.example/")

        fields = self.fields()

        self.assertEqual((fields[2], fields[5]), (b"/t", pin.encode()))
        self.assertEqual((self.number(fields, 12), self.number(fields, 20)), (1, 1))
        self.assertEqual((fields[23], fields[24]), (b"the-code", b"https://x.example/"))
        numbers = {34: 7000, 33: 8000, 35: 9000, 39: 3_600_000, 36: 1_200_000, 37: 3_600_000,
                   38: 11000, 50: 0xC000020A, 51: 0xFFFFFFC0, 52: 0xC0000201, 53: 0xC6336435,
                   61: 13000}
        self.assertEqual({tag: self.number(fields, tag) for tag in numbers}, numbers)
        self.assertEqual(fields[54], bytes([2, 0, 0x5E, 0, 0x53, 1]))
        self.assertEqual(fields[60], b"/Connect/api/devices?take=1")

    def test_client_without_user_arrives(self) -> None:
        self.device.settings["grant"] = {"type": "client_credentials"}
        fields = self.fields()
        self.assertEqual(self.number(fields, 20), 2)
        self.assertEqual([fields[tag] for tag in (21, 22, 23, 24)], 4 * [b""])

    def test_options_do_as_well_as_a_file(self) -> None:
        self.assert_done(self.device.run("provision", str(self.image), *self.device.options(),
                                         configured=False))
        self.assertEqual(self.provisioned()[1][1].decode(), self.server.url)

    def test_certificates_are_in_der(self) -> None:
        pem = self.settings["server"]["ca_file"]
        der = self.device.directory / "ca.der"
        subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER", "-out", der], check=True)
        self.settings["server"]["backup_ca_file"] = str(der)
        fields = self.fields()
        self.assertEqual((fields[3], fields[4]), (der.read_bytes(), der.read_bytes()))

    def test_certificates_that_a_device_cannot_use(self) -> None:
        one = pathlib.Path(self.settings["server"]["ca_file"]).read_bytes()
        for content, mentions in ((one + one, "several certificates"),
                                  (one.replace(b"M", b"N"), "no readable certificate"),
                                  (b"\x30\x82", "no readable certificate"),
                                  (b"text", "there is none in it")):
            self.assert_wrong("server", mentions, ca_file=self.device.write("ca", content))
        self.assert_wrong("server", "No such file", backup_ca_file="missing")
        del self.settings["server"]["ca_file"]
        self.assert_refused(self.provision(), EXIT_USAGE, "ca_file in [server]")

    def test_too_large_says_by_how_much(self) -> None:
        ca = str(chain("rsa").ca_file)
        self.settings["server"] |= {"ca_file": ca, "backup_ca_file": ca}
        self.settings["device"]["max_record"] = "32768"
        fields = self.fields()
        size = sum(3 + len(value) for value in fields.values()) + 40
        self.image.unlink()
        self.key_file.unlink()
        del self.settings["device"]["max_record"]
        mentions = f"{size} octets, {size - 2048} more than the device has room for"
        self.assert_wrong("server", mentions)
        self.assert_wrong("device", "1 more than", max_record=str(size - 1))
        self.settings["device"]["max_record"] = str(size)
        self.assert_done(self.provision())

    def test_what_the_device_would_stumble_over(self) -> None:
        self.assert_wrong("server", "https", url="http://example.com")
        self.assert_wrong("server", "path", url="https://example.com/x")
        self.assert_wrong("server", "pin", pin="sha256//x")
        self.assert_wrong("client", "colon", id="a:b")
        self.assert_wrong("limits", "refused_wait", refused_wait="5")
        self.assert_wrong("device", "sample in [device]", sample="Connect")
        self.assert_wrong("device", "sample in [device]", sample="/a b")
        del self.settings["device"]["key_file"]
        self.assert_refused(self.provision(), EXIT_USAGE, "key_file in [device]")

    def test_networks_that_are_none(self) -> None:
        for address in ("192.0.2.10", "192.0.2.10/0", "192.0.2.10/33", "192.0.2.10/", "192.0.2/24",
                        "192.0.2.256/24", "0.0.0.0/24", "127.0.0.1/8", "224.0.0.1/4", "::1/64",
                        "192.0.2.0/24", "192.0.2.255/24"):
            self.assert_wrong("device", "address in [device]", address=address, dns="192.0.2.53")
        for gateway in ("192.0.3.1", "192.0.2.10", "192.0.2", "0.0.0.0", "192.0.2.1/24"):
            self.assert_wrong("device", "gateway in [device]", address="192.0.2.10/24",
                              gateway=gateway, dns="192.0.2.53")
        self.assert_wrong("device", "dns in [device]", address="192.0.2.10/24", dns="name")
        self.assert_wrong("device", "go with an address", gateway="192.0.2.1")
        self.assert_wrong("device", "go with an address", dns="192.0.2.53")
        for mac in ("02:00:5e:00:53", "01:00:5e:00:53:01", "02-00-5e-00-53-01", "x"):
            self.assert_wrong("device", "mac in [device]", mac=mac)

    def test_a_name_needs_a_name_server(self) -> None:
        self.settings["server"]["url"] = "https://server.example"
        self.assert_wrong("device", "dns in [device]", address="192.0.2.10/24")
        self.settings["server"]["url"] = "https://192.0.2.1:8443"
        self.settings["device"]["address"] = "192.0.2.10/31"  # Both ends of such a link are hosts.
        self.assert_done(self.provision())

    def test_ipv6_is_not_for_this_device(self) -> None:
        self.assert_wrong("server", "IPv4", url="https://[2001:db8::1]")


class Keys(ProvisionTest):
    """The device's own key."""

    def test_made_at_first_use(self) -> None:
        self.assert_done(self.provision())
        made = self.key_file.read_bytes()
        self.assertEqual((len(made), self.key_file.stat().st_mode & 0o777), (32, 0o600))
        self.assert_done(self.provision())
        self.assertEqual(self.key_file.read_bytes(), made)

    def test_that_is_none(self) -> None:
        for content in (bytes(32), b"\xff" * 32, b"k" * 32):
            self.key_file.write_bytes(content)
            self.assert_refused(self.provision(), EXIT_USAGE, "never programmed")
        for content in (b"", bytes(31), bytes(33)):
            self.key_file.write_bytes(content)
            self.assert_refused(self.provision(), EXIT_STORAGE, "32 octets")
        self.key_file.unlink()
        self.key_file.mkdir()
        self.assert_refused(self.provision(), EXIT_STORAGE, "key")
        self.assertFalse(self.image.exists())

    def test_of_another_device_is_refused(self) -> None:
        self.assert_done(self.provision())
        before = self.image.read_bytes()
        own = self.key_file.read_bytes()
        self.key_file.write_bytes(os.urandom(32))
        self.assert_refused(self.provision(), EXIT_USAGE, "another key")
        self.assertEqual(self.image.read_bytes(), before)
        with self.assertRaises(InvalidTag):
            AESGCM(self.key_file.read_bytes()).decrypt(
                newest_record(before)[12:24], newest_record(before)[24:],
                newest_record(before)[:24] + bytes(32))
        self.key_file.write_bytes(own)
        self.assert_done(self.provision())


class Image(ProvisionTest):
    """The image of the flash."""

    def test_made_where_none_is(self) -> None:
        for there in (False, True):
            with self.subTest(empty=there):
                self.image.unlink(missing_ok=True)
                if there:
                    self.image.touch()
                self.assert_done(self.provision())
                content = self.image.read_bytes()
                self.assertEqual(len(content), PART)
                self.assertEqual(content.count(b"\xff", AREA), PART - AREA)
                self.assertEqual(self.image.stat().st_mode & 0o777, 0o600)
                self.assertEqual(self.provisioned()[0], 1)
                self.assert_no_secret(content[:AREA], [CLIENT_SECRET, PASSWORD])
                self.assertFalse(self.temporary.exists())

    def test_provisioned_again_keeps_what_else_is_there(self) -> None:
        self.assert_done(self.provision())
        others = os.urandom(PART - AREA)
        with open(self.image, "r+b") as image:
            image.seek(AREA)
            image.write(others)
        for sequence in (2, 3, 4):
            self.settings["client"]["id"] = f"client-{sequence}"
            self.assert_done(self.provision())
            found, fields = self.provisioned()
            self.assertEqual((found, fields[10].decode()), (sequence, f"client-{sequence}"))
        self.assertEqual(self.image.read_bytes()[AREA:], others)

    def test_nothing_is_sealed_alike(self) -> None:
        nonces = set()
        for _ in range(3):
            self.image.unlink(missing_ok=True)
            self.assert_done(self.provision())
            nonces.add(newest_record(self.image.read_bytes()[:AREA])[16:24])
        self.assertEqual(len(nonces), 3)

    def test_of_another_kind_is_left_alone(self) -> None:
        for size in (1, BLOCK, PART - 1, PART + 1, 2 * PART):
            with open(self.image, "wb") as image:
                image.truncate(size)
            self.assert_refused(self.provision(), EXIT_STORAGE, f"it has {size} octets", "16777216")
            self.assertEqual(self.image.stat().st_size, size)
        # A part's size, but not what a part holds there.
        for content in (bytes(PART), b"\xff" * (AREA - 1) + b"x" + b"\xff" * (PART - AREA)):
            self.image.write_bytes(content)
            self.assert_refused(self.provision(), EXIT_STORAGE, "something else")
            self.assertEqual(self.image.read_bytes(), content)

    def test_that_cannot_be_one(self) -> None:
        self.image.mkdir()
        self.assert_refused(self.provision(), EXIT_STORAGE, "not a file")
        self.image = self.device.directory / "missing" / "nor.bin"
        self.assert_refused(self.provision(), EXIT_STORAGE, "No such file")
        self.image = pathlib.Path("/dev/null")
        self.assert_refused(self.provision(), EXIT_STORAGE, "not a file")

    def run_mounted(self, mount: str, place: pathlib.Path) -> Outcome:
        """Provisions where `mount` was done at `place`, for itself alone."""
        script = f"{mount.format(shlex.quote(str(place)))} && exec \"$0\" \"$@\""
        rights = [] if os.geteuid() == 0 else ["--map-root-user"]
        if subprocess.run(["unshare", *rights, "--mount", "true"], check=False).returncode != 0:
            self.skipTest("this machine does not let us mount anything")
        self.device.prefix = ["unshare", *rights, "--mount", "/bin/sh", "-c", script]
        outcome = self.provision()
        self.device.prefix = []
        return outcome

    def test_read_only(self) -> None:
        self.assert_done(self.provision())
        before = self.image.read_bytes()
        outcome = self.run_mounted("mount --bind {0} {0} && mount -o remount,bind,ro {0}",
                                   self.image)
        self.assert_refused(outcome, EXIT_STORAGE, "Read-only file system")
        self.assertEqual(self.image.read_bytes(), before)

    def test_full_disk(self) -> None:
        place = self.device.directory / "small"
        place.mkdir()
        self.image = place / "nor.bin"
        self.assert_done(self.device.run("provision", "-"))  # Makes the key.
        outcome = self.run_mounted("mount -t tmpfs -o size=1M none {0}", place)
        self.assert_refused(outcome, EXIT_STORAGE, "No space left on device")

    def test_killed_at_any_time(self) -> None:
        for fresh in (True, False):
            with self.subTest(fresh=fresh):
                self.image.unlink(missing_ok=True)
                began = time.monotonic()
                self.assert_done(self.provision())
                self.kill_often(time.monotonic() - began, fresh)
                self.assert_done(self.provision())
                self.assertFalse(self.temporary.exists())

    def kill_often(self, whole_run: float, fresh: bool) -> None:
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        last = self.provisioned()[0]
        for kill in range(KILLS):
            if fresh:
                self.image.unlink(missing_ok=True)
            self.settings["client"]["id"] = f"client-{kill}"
            process = self.device.start("provision", str(self.image))
            time.sleep(chance.random() * 1.1 * whole_run)
            process.kill()
            process.communicate()
            if fresh and not self.image.exists():
                continue
            self.assertEqual(self.image.stat().st_size, PART)
            sequence, fields = self.provisioned()
            self.assertEqual(fields[1].decode(), self.server.url, f"seed {seed}, kill {kill}")
            if not fresh:
                self.assertIn(sequence, (last, last + 1), f"seed {seed}, kill {kill}")
                last = sequence


class Lines(ProvisionTest):
    """What is typed at the device's console."""

    def lines(self) -> list[str]:
        """What the program prints."""
        outcome = self.device.run("provision", "-")
        self.assert_done(outcome)
        self.assert_no_secret(outcome.stdout, [CLIENT_SECRET, PASSWORD])
        return outcome.stdout.decode("ascii").splitlines()

    def test_hold_the_record(self) -> None:
        *lines, end = self.lines()
        self.assertEqual(end, "provision end")
        self.assertLessEqual(max(map(len, lines)), 72)
        words = [line.removeprefix("provision ") for line in lines]
        self.assertTrue(all(line == f"provision {word}" for line, word in zip(lines, words)))
        record = bytes.fromhex("".join(words))
        sequence, fields = opened(record, self.key_file.read_bytes())
        self.assertEqual((sequence, fields[1].decode()), (1, self.server.url))
        # The firmware takes small letters alone.
        self.assertEqual("".join(words), record.hex())
        self.assertFalse(self.image.exists())

    def test_a_line_that_is_lost_or_doubled_is_found_out(self) -> None:
        *lines, _ = self.lines()
        words = [bytes.fromhex(line.removeprefix("provision ")) for line in lines]
        for at in range(1, len(words)):
            for changed in (words[:at] + words[at + 1 :], words[: at + 1] + words[at:],
                            [*words[: at - 1], words[at], words[at - 1], *words[at + 1 :]]):
                with self.assertRaises((InvalidTag, AssertionError)):
                    opened(b"".join(changed), self.key_file.read_bytes())

    def test_that_nobody_takes(self) -> None:
        self.device.prefix = ["/bin/sh", "-c", 'exec "$0" "$@" >/dev/full']
        outcome = self.device.run("provision", "-")
        self.assert_fails(outcome, EXIT_OTHER, mentions="No space left on device")


class Usage(ProvisionTest):
    """The command line."""

    def test_wants_one_file(self) -> None:
        self.assert_fails(self.device.run("provision"), EXIT_USAGE, mentions="provision wants")
        self.assert_fails(self.device.run("provision", "a", "b"), EXIT_USAGE, mentions="too many")
        self.assert_fails(self.provision("--force"), EXIT_USAGE, mentions="--force")
        self.assert_fails(self.provision("--retry-refused"), EXIT_USAGE, mentions="--retry-refused")

    def test_help_names_it(self) -> None:
        text = self.device.run("--help", configured=False)
        self.assertEqual(text.code, EXIT_DONE)
        for word in (b"provision FILE|-", b"--device-key-file", b"--device-max-record"):
            self.assertIn(word, text.stdout)

    def test_no_secret_from_the_command_line(self) -> None:
        outcome = self.provision("--client-secret=Planted123")
        self.assert_refused(outcome, EXIT_USAGE, "command line")
        self.assertNotIn(b"Planted123", outcome.stderr)

    def test_verbose_tells_no_secret(self) -> None:
        outcome = self.provision("--verbose")
        self.assertEqual(outcome.code, EXIT_DONE)
        self.assert_no_secret(outcome.stderr + outcome.stdout,
                              [CLIENT_SECRET, PASSWORD, self.key_file.read_bytes().hex()])


if __name__ == "__main__":
    unittest.main()
