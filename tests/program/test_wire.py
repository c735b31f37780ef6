# SPDX-License-Identifier: Apache-2.0
"""The bytes on the wire, against the vectors in tests/data."""

import base64
import hashlib
import json
import os
import subprocess
import unittest

from harness import (
    DATA,
    EXIT_DONE,
    EXIT_OTHER,
    EXIT_PROTOCOL,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    Device,
    ProgramTest,
    chain,
)
from oauth_server import Canned, Ending, OAuthServer, Request

HOST = "server.domain.tld"
ALLOWED_EXTRA_FIELDS = {"accept", "accept-encoding", "user-agent", "connection"}
# A loopback address of its own, so that port 443 is free even where something listens there.
PRIVATE_ADDRESS = "127.44.33.1"


def vectors(name: str) -> list[dict[str, object]]:
    """A file of tests/data."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def minimal_form(raw: bytes) -> bytes:
    """A request without the header fields that the vectors allow beside the four."""
    head, end, body = raw.partition(b"\r\n\r\n")
    lines = [
        line for line in head.split(b"\r\n")
        if line.partition(b":")[0].decode().lower() not in ALLOWED_EXTRA_FIELDS
    ]
    return b"\r\n".join(lines) + end + body


class Requests(ProgramTest):
    """requests.json: what leaves the program, byte for byte."""

    def use_vendor_example(self, device: Device, vector: dict[str, object]) -> None:
        """The credentials of the vendor's page, on both sides."""
        self.server.client_id, self.server.client_secret = "Application1", "Application1Password"
        self.server.username, self.server.password = "Administrator", "1"
        device.settings["client"]["id"] = "Application1"
        device.use_client_secret("Application1Password")
        device.use_password("Administrator", "1")
        if "code" in vector:
            self.server.add_code(str(vector["code"]))
            device.use_code(str(vector["code"]))

    def check(self, request: Request, minimal: bytes, vector: dict[str, object]) -> None:
        """The request is the vector, and its extra fields are harmless."""
        self.assertEqual(minimal, base64.b64decode(str(vector["request_b64"])))
        self.assertEqual(len(minimal), vector["length"])
        self.assertEqual(hashlib.sha256(minimal).hexdigest(), vector["sha256"])
        self.assertEqual(request.field("Accept-Encoding"), "identity")
        for name, _ in request.fields:
            self.assertEqual(request.count(name), 1, name)

    def test_requests_are_the_vectors(self) -> None:
        for vector in vectors("requests"):
            with self.subTest(vector["id"]):
                device = self.new_device()
                self.use_vendor_example(device, vector)
                self.assert_done(device.run("token"))
                request = self.server.requests[-1]
                here = f"\r\nHost: localhost:{self.server.port}\r\n".encode()
                there = f"\r\nHost: {HOST}\r\n".encode()
                minimal = minimal_form(request.raw)
                self.assertEqual(minimal.count(here), 1)
                self.check(request, minimal.replace(here, there), vector)

    def test_vendor_example_under_its_own_name_and_port(self) -> None:
        """Needs root: port 443, and a mount namespace in which the host name is known."""
        hosts = f"{PRIVATE_ADDRESS} {HOST}\n"
        server = self.listen_on_443()
        device = self.new_device(server)
        device.prefix = [
            "unshare", "--mount", "/bin/sh", "-c",
            'mount --bind "$0" /etc/hosts && exec "$@"', device.write("hosts", hosts),
        ]
        (device.directory / "hosts").chmod(0o644)
        device.settings["server"]["url"] = f"https://{HOST}"
        vector = vectors("requests")[0]
        self.server = server
        self.use_vendor_example(device, vector)

        self.assert_done(device.run("token"))

        request = server.requests[0]
        self.check(request, minimal_form(request.raw), vector)
        self.assertEqual(server.connections[0].sni, HOST)

    def listen_on_443(self) -> OAuthServer:
        """Skips where the system does not allow what this test needs."""
        probe = ["unshare", "--mount", "mount", "--bind", os.devnull, "/etc/hosts"]
        try:
            subprocess.run(probe, check=True, capture_output=True)
            server = OAuthServer(chain(), port=443, address=PRIVATE_ADDRESS)
            return self.enterContext(server)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"needs root, mount namespaces and port 443: {error}")

    def test_whole_request_comes_in_one_piece_and_once(self) -> None:
        self.assert_done(self.device.run("token"))
        connection = self.server.connections[0]
        self.assertEqual(bytes(connection.plaintext), connection.requests[0].raw)
        self.assertEqual(self.server.count_connections(), 1)

    def test_redirect_uri_is_sent_when_set(self) -> None:
        uri = "https://client.example/cb?x=1&y=ä".replace("ä", "%C3%A4")
        self.device.use_code(self.server.add_code(redirect_uri=uri), uri)
        self.assert_done(self.device.run("token"))


class Escapes(ProgramTest):
    """escaping.json: the body of the password grant."""

    def test_bodies_are_the_vectors(self) -> None:
        for vector in vectors("escaping"):
            with self.subTest(vector["id"]):
                username, password = str(vector["username"]), str(vector["password"])
                self.server.username, self.server.password = username, password
                device = self.new_device()
                device.use_password("", password)
                del device.settings["grant"]["username"]
                outcome = device.run(f"--grant-username={username}", "token")
                self.assert_done(outcome)
                request = self.server.requests[-1]
                self.assertEqual(request.body, str(vector["body"]).encode())
                self.assertEqual(
                    request.field("Content-Length"), str(vector["content_length"])
                )


class Responses(ProgramTest):
    """responses.json: what each answer of a server leads to."""

    EXITS = {
        "ACCEPT": EXIT_DONE, "PROTOCOL": EXIT_PROTOCOL, "PERMANENT": EXIT_REFUSED,
        "TRANSIENT": EXIT_UNREACHABLE,
    }
    ENDINGS = {"open": Ending.KEEP_OPEN, "clean": Ending.CLOSE_NOTIFY, "abrupt": Ending.ABRUPT}

    def test_answers_are_judged_as_the_vectors_say(self) -> None:
        judged = 0
        for vector in vectors("responses"):
            if "wire_b64" in vector:
                with self.subTest(vector["id"], title=vector["title"]):
                    self.judge(vector)
                judged += 1
        self.assertGreaterEqual(judged, 60)

    def judge(self, vector: dict[str, object]) -> None:
        """Serves one vector to a fresh device."""
        before = self.server.token_requests
        device = self.new_device()
        device.use_password("Administrator", "hunter2")  # E20 echoes it
        device.settings["limits"]["timeout"] = "15"  # none of these needs waiting
        self.server.next_responses.append(
            Canned(base64.b64decode(str(vector["wire_b64"])), self.ENDINGS[str(vector["eof"])])
        )
        outcome = device.run("token")
        self.assertEqual(self.server.token_requests, before + 1)
        if vector["expect"] == "ACCEPT":
            self.assert_done(outcome)
            digest = hashlib.sha256(outcome.token.encode()).hexdigest()
            self.assertEqual(digest, vector["token_sha256"])
            return
        self.assert_fails(outcome, self.EXITS[str(vector["expect"])], device=device)
        self.assertEqual(device.run("token").code, EXIT_REFUSED, "something was stored")

    def setUp(self) -> None:
        super().setUp()
        # A second run after a refusal must not find a token: this server refuses it plainly.
        self.server.password = "not what the device has"

    def test_endless_head_and_deep_nesting_end_in_errors(self) -> None:
        start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        nested = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"access_token":"AbC-_123"}'
        for name, wire in (
            ("X44 head", start + b"X-Filler: " + b"x" * 200_000 + b"\r\n\r\n"),
            ("X44 fields", start + b"X-Filler: x\r\n" * 20_000 + b"\r\n"),
            ("X20 nesting", start + b"Content-Length: %d\r\n\r\n" % len(nested) + nested),
            ("interim flood", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000),
        ):
            with self.subTest(name):
                device = self.new_device()
                self.server.next_responses.append(Canned(wire, Ending.CLOSE_NOTIFY))
                codes = (EXIT_OTHER, EXIT_PROTOCOL)
                self.assert_fails(device.run("token"), *codes, device=device)

    def test_truncated_answers_never_become_tokens(self) -> None:
        body = b'{"access_token":"AbC-_123","token_type":"bearer","expires_in":3600}'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        sized = head + b"Content-Length: 100\r\n\r\n" + body
        for ending in (Ending.CLOSE_NOTIFY, Ending.ABRUPT, Ending.RESET):
            for wire in (b"", head, sized):
                with self.subTest(ending=ending, wire=wire[-20:]):
                    self.fails_once(wire, ending)
        # A body that ends with the connection needs the close_notify: else anybody can cut it.
        self.fails_once(head + b"\r\n" + body, Ending.ABRUPT)

    def fails_once(self, wire: bytes, ending: Ending) -> None:
        """An answer that ends too early."""
        device = self.new_device()
        self.server.next_responses.append(Canned(wire, ending))
        outcome = device.run("token")
        self.assert_fails(outcome, EXIT_UNREACHABLE, EXIT_PROTOCOL, device=device)

    def test_body_that_ends_with_close_notify_is_whole(self) -> None:
        body = b'{"access_token":"AbC-_123","token_type":"bearer","expires_in":3600}'
        self.server.next_responses.append(
            Canned(b"HTTP/1.1 200 OK\r\n\r\n" + body, Ending.CLOSE_NOTIFY)
        )
        outcome = self.device.run("token")
        self.assert_done(outcome)
        self.assertEqual(outcome.token, "AbC-_123")


class Lengths(ProgramTest):
    """Tokens of every length."""

    def test_tokens_arrive_whole(self) -> None:
        for length in (1, 891, 1024, 1040, 4096, 16384):
            with self.subTest(length=length):
                self.server.token_length = length
                device = self.new_device()
                device.settings["limits"]["max_token"] = "16384"
                outcome = device.run("token")
                self.assert_done(outcome)
                self.assertEqual(outcome.stdout.decode(), self.server.tokens_issued[-1] + "\n")
                again = device.run("request", "GET", "/Connect/api/devices")
                self.assert_done(again)

    def test_longer_token_than_allowed_is_a_named_error(self) -> None:
        for length, limit in ((891, "890"), (16385, "16384"), (200_000, "16384")):
            with self.subTest(length=length):
                self.server.token_length = length
                device = self.new_device()
                outcome = device.run("--limits-max-token", limit, "token")
                self.assert_fails(
                    outcome, EXIT_OTHER, EXIT_USAGE, EXIT_PROTOCOL, device=device,
                    mentions="max_token",
                )

    def test_token_as_long_as_allowed_is_taken(self) -> None:
        self.assert_done(self.device.run("--limits-max-token", "891", "token"))


if __name__ == "__main__":
    unittest.main()
