# SPDX-License-Identifier: Apache-2.0
"""Nothing of the credentials leaves the device unless the server is the right one.

The proof is the server's: it records every byte of the wire and all plaintext, and the tests
search that for every secret in every encoding.
"""

import base64
import json
import subprocess
import unittest
import urllib.parse

from harness import (  # first: it sets the module path
    CLIENT_SECRET,
    EXIT_PROTOCOL,
    EXIT_REFUSED,
    EXIT_UNTRUSTED,
    PASSWORD,
    ProgramTest,
    chain,
    finish,
)
import certificates
from oauth_server import Canned, OAuthServer
from transport import PlainServer


class Trust(ProgramTest):
    """Certificates that must be refused, with TLS 1.2 and 1.3."""

    def refuse(self, kind: str, server: OAuthServer, **settings: str) -> None:
        """Each command that would send something fails with exit 6 and sends nothing."""
        device = self.new_device(server)
        device.settings["server"] |= settings
        for arguments in (("token",), ("request", "GET", "/Connect/api/devices")):
            with self.subTest(kind=kind, command=arguments[0]):
                outcome = device.run(*arguments)
                self.assert_fails(outcome, EXIT_UNTRUSTED, device=device)
                self.assert_nothing_sent(server, device=device)
                self.assertGreater(server.count_connections(), 0)
        self.assertEqual(device.stored_files(), [])

    def test_bad_certificates(self) -> None:
        for kind in certificates.BAD_KINDS:
            for tls in ("1.2", "1.3"):
                self.refuse(kind, self.new_server(kind, tls))

    def test_wrong_ca(self) -> None:
        for tls in ("1.2", "1.3"):
            self.refuse("wrong CA", self.new_server("ecdsa", tls),
                        ca_file=str(chain("rsa").ca_file))

    def test_name_of_the_certificate_is_checked_for_addresses_too(self) -> None:
        server = self.new_server("wrong_host")
        self.refuse("address", server, url=f"https://127.0.0.1:{server.port}")

    def test_pins(self) -> None:
        right = "sha256//" + self.public_key_digest(self.server.chain.key_file)
        wrong = "sha256//" + base64.b64encode(bytes(32)).decode()
        self.refuse("pin", self.new_server(), pin=wrong)
        self.device.settings["server"]["pin"] = right
        self.assert_done(self.device.run("token"))

    def public_key_digest(self, key_file: object) -> str:
        """Base64 of SHA-256 of the SubjectPublicKeyInfo."""
        key = subprocess.run(
            ["openssl", "pkey", "-in", str(key_file), "-pubout", "-outform", "DER"],
            capture_output=True, check=True,
        ).stdout
        digest = subprocess.run(
            ["openssl", "dgst", "-sha256", "-binary"], input=key, capture_output=True, check=True
        ).stdout
        return base64.b64encode(digest).decode()

    def test_refused_certificate_does_not_spend_the_code(self) -> None:
        self.device.use_code(self.server.add_code())
        wrong = ("--server-ca-file", str(chain("rsa").ca_file))
        self.assert_fails(self.device.run(*wrong, "token"), EXIT_UNTRUSTED)
        self.assert_done(self.device.run("token"))


class PlainText(ProgramTest):
    """No TLS where TLS should be."""

    def test_plain_text_on_the_tls_port(self) -> None:
        with PlainServer() as server:
            self.device.settings["server"]["url"] = server.url
            outcome = self.device.run("token")
            self.assert_fails(outcome, EXIT_UNTRUSTED, EXIT_PROTOCOL)
            self.assert_nothing_sent(server)
            self.assertTrue(server.connections[0].raw.startswith(b"\x16\x03"))

    def test_plain_text_never_spoken_by_the_device(self) -> None:
        self.assert_done(self.device.run("token"))
        wire = b"".join(bytes(one.raw) for one in self.server.connections)
        self.assert_no_secret(wire, [CLIENT_SECRET, PASSWORD, self.server.tokens_issued[0]])


class Redirects(ProgramTest):
    """A redirect is an answer, not an order."""

    def test_credentials_never_follow_a_redirect(self) -> None:
        other = self.new_server()
        with PlainServer() as plain:
            for status in (301, 302, 303, 307, 308):
                for target in (
                    f"{other.url}/Connect/api/token", f"http://localhost:{plain.port}/",
                    "/Connect/elsewhere", "//localhost:1/",
                ):
                    with self.subTest(status=status, target=target):
                        before = len(self.server.requests)
                        self.device = self.new_device()
                        self.server.redirect_with(status, target)
                        self.assert_fails(self.device.run("token"), EXIT_REFUSED)
                        self.assertEqual(len(self.server.requests), before + 1)
            self.assertEqual(plain.count_connections(), 0)
        self.assertEqual(other.count_connections(), 0)

    def test_redirect_names_its_target_without_control_characters(self) -> None:
        self.server.redirect_with(302, "https://elsewhere.example/\x1b[31mred")
        outcome = self.device.run("token")
        self.assert_fails(outcome, EXIT_REFUSED, EXIT_PROTOCOL)


class Observers(ProgramTest):
    """Who else might see a secret."""

    def test_secrets_are_neither_in_argv_nor_in_the_output(self) -> None:
        self.server.response_delay = 600
        process = self.device.start("token")
        self.assertTrue(self.server.wait_for(lambda: self.server.token_requests == 1))
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            self.assert_no_secret(file.read(), [CLIENT_SECRET, PASSWORD])
        process.kill()
        finish(process)

    def test_errors_that_echo_secrets_are_not_repeated(self) -> None:
        """A hostile or clumsy server puts what it was sent into its error text."""
        pair = f"{self.server.client_id}:{CLIENT_SECRET}".encode()
        for echo in (
            PASSWORD, urllib.parse.quote_plus(PASSWORD), CLIENT_SECRET,
            base64.b64encode(pair).decode(),
        ):
            # Wherever the text is cut, and whatever replaces its non-ASCII characters.
            for filler in (0, 50, 70, 80):
                with self.subTest(echo=echo, filler=filler):
                    self.echo(echo, "x" * filler)

    def echo(self, secret: str, filler: str) -> None:
        """One error answer that quotes a secret: no eight characters of it may come out."""
        text = {"error": "invalid_request", "error_description": f"{filler} bad value {secret}!"}
        body = json.dumps(text, ensure_ascii=False).encode()
        head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
        self.server.next_responses.append(
            Canned(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        )
        outcome = self.new_device().run("token")
        self.assert_fails(outcome, EXIT_REFUSED)
        for start in range(len(secret) - 7):
            self.assertNotIn(secret[start : start + 8], outcome.stderr.decode())

    def test_token_in_an_error_is_not_printed(self) -> None:
        """A contradictory answer: both a token and an error."""
        body = b'{"access_token":"planted-token","token_type":"bearer","error":"invalid_grant"}'
        self.server.next_responses.append(
            Canned(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        )
        outcome = self.device.run("token")
        self.assert_fails(outcome, EXIT_REFUSED)
        self.assertNotIn(b"planted-token", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
