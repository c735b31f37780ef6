# SPDX-License-Identifier: Apache-2.0
"""The bundled server and the certificates, tested with Python's own clients and with curl."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import certificates  # noqa: E402
import oauth_server  # noqa: E402
from oauth_server import Canned, Ending, Fault, OAuthServer, PlainServer, SilentServer  # noqa: E402

FORM = "application/x-www-form-urlencoded"
_directory = tempfile.TemporaryDirectory(prefix="connect-auth-certificates-")


def setUpModule() -> None:  # noqa: N802
    """Certificates are made once for all tests of this file."""
    unittest.addModuleCleanup(_directory.cleanup)


def chain(kind: str = "ecdsa") -> certificates.Chain:
    """A chain from the shared directory."""
    return certificates.make_chain(_directory.name, kind)


class Client:
    """Python's http.client with the CA of the server's chain."""

    def __init__(self, server: OAuthServer) -> None:
        self.server = server
        self.context = ssl.create_default_context(cafile=str(server.chain.ca_file))
        self.connection = http.client.HTTPSConnection(
            "localhost", server.port, context=self.context, timeout=10
        )

    def basic(self, name: str | None = None, secret: str | None = None) -> str:
        """An Authorization value with the server's own credentials unless others are given."""
        pair = f"{name or self.server.client_id}:{secret or self.server.client_secret}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def call(
        self, method: str, target: str, body: bytes | None = None, **fields: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request; keyword arguments are header fields."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self.connection.request(method, target, body, named)
        response = self.connection.getresponse()
        return response, response.read()

    def ask(self, basic: str | None = None, **form: str) -> tuple[int, dict[str, object]]:
        """One token request."""
        response, body = self.call(
            "POST", self.server.token_path, urllib.parse.urlencode(form).encode(),
            Authorization=basic or self.basic(), Content_Type=FORM,
        )
        return response.status, json.loads(body)

    def ask_with_password(self) -> dict[str, object]:
        """A token request that must work."""
        status, answer = self.ask(
            grant_type="password", username=self.server.username, password=self.server.password
        )
        assert status == 200, answer
        return answer

    def get(self, target: str, token: str) -> tuple[http.client.HTTPResponse, bytes]:
        """An API call."""
        return self.call("GET", target, Authorization=f"Bearer {token}")


class ServerTest(unittest.TestCase):
    """A running server and a client for each test."""

    def setUp(self) -> None:
        self.server = self.enterContext(OAuthServer(chain()))
        self.client = Client(self.server)
        self.addCleanup(self.client.connection.close)


class Grants(ServerTest):
    """RFC 6749, as the server understands it."""

    def test_password_brings_a_token_of_the_vendors_form(self) -> None:
        answer = self.client.ask_with_password()

        self.assertEqual(set(answer), {"access_token", "token_type", "expires_in"})
        self.assertRegex(str(answer["access_token"]), r"\A[A-Za-z0-9_-]{891}\Z")
        self.assertEqual((answer["token_type"], answer["expires_in"]), ("bearer", 3600))

    def test_token_answer_is_compact_and_not_cached(self) -> None:
        form = urllib.parse.urlencode({
            "grant_type": "password", "username": self.server.username,
            "password": self.server.password,
        })
        response, body = self.client.call(
            "POST", self.server.token_path, form.encode(),
            Authorization=self.client.basic(), Content_Type=FORM + "; charset=utf-8",
        )

        self.assertEqual(response.getheader("Cache-Control"), "no-store")
        self.assertEqual(response.getheader("Pragma"), "no-cache")
        self.assertNotIn(b" ", body)

    def test_token_length_and_lifetime_are_settable(self) -> None:
        self.server.token_length, self.server.lifetime = 16384, None

        answer = self.client.ask_with_password()

        self.assertEqual(len(str(answer["access_token"])), 16384)
        self.assertNotIn("expires_in", answer)

    def test_code_works_once_and_its_token_dies_with_a_second_use(self) -> None:
        code = self.server.add_code()

        status, answer = self.client.ask(grant_type="authorization_code", code=code)
        again, refusal = self.client.ask(grant_type="authorization_code", code=code)

        self.assertEqual((status, again), (200, 400))
        self.assertEqual(refusal["error"], "invalid_grant")
        self.assertFalse(self.server.is_valid(str(answer["access_token"])))

    def test_redirect_uri_must_be_that_of_the_code(self) -> None:
        for registered, sent, expected in (
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:8080/cb", 200),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:8080/other", 400),
            ("http://127.0.0.1:8080/cb", None, 400),
            (None, "http://127.0.0.1:8080/cb", 400),
        ):
            with self.subTest(registered=registered, sent=sent):
                form = {"code": self.server.add_code(redirect_uri=registered)}
                if sent:
                    form["redirect_uri"] = sent
                status, _ = self.client.ask(grant_type="authorization_code", **form)
                self.assertEqual(status, expected)

    def test_authorize_page_hands_out_a_code(self) -> None:
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": self.server.client_id, "state": "a b",
            "redirect_uri": "https://client.example/cb?x=1",
        })

        response, _ = self.client.call("GET", f"{self.server.authorize_path}?{query}")

        location = urllib.parse.urlsplit(response.getheader("Location"))
        answer = dict(urllib.parse.parse_qsl(location.query))
        self.assertEqual((answer["state"], answer["x"]), ("a b", "1"))
        status, _ = self.client.ask(
            grant_type="authorization_code", code=answer["code"],
            redirect_uri="https://client.example/cb?x=1",
        )
        self.assertEqual(status, 200)

    def test_authorize_page_goes_to_the_registered_redirect_uri(self) -> None:
        self.server.registered_redirect_uri = "http://127.0.0.1:8080/cb"

        location = self.authorize()

        self.assertTrue(location.startswith("http://127.0.0.1:8080/cb?code="), location)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"][0]
        status, _ = self.client.ask(grant_type="authorization_code", code=code)
        self.assertEqual(status, 200)

    def test_authorize_page_can_refuse(self) -> None:
        self.server.registered_redirect_uri = "http://127.0.0.1:8080/cb"
        self.server.authorize_error = "access_denied"

        self.assertEqual(
            self.authorize(state="s"), "http://127.0.0.1:8080/cb?error=access_denied&state=s"
        )

    def test_code_verifier_must_be_that_of_the_code(self) -> None:
        # RFC 7636 appendix B.
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        for registered, sent, expected in (
            (challenge, verifier, 200),
            (challenge, verifier + "x", 400),
            (challenge, None, 400),
            (None, verifier, 400),
        ):
            with self.subTest(registered=registered, sent=sent):
                form = {"code": self.server.add_code(challenge=registered)}
                if sent:
                    form["code_verifier"] = sent
                status, _ = self.client.ask(grant_type="authorization_code", **form)
                self.assertEqual(status, expected)

    def authorize(self, **more: str) -> str:
        """Where the authorize page sends the browser."""
        query = urllib.parse.urlencode(
            {"response_type": "code", "client_id": self.server.client_id} | more
        )
        response, _ = self.client.call("GET", f"{self.server.authorize_path}?{query}")
        return response.getheader("Location")

    def test_refresh_token_works_once(self) -> None:
        self.server.issue_refresh_tokens = True
        first = str(self.client.ask_with_password()["refresh_token"])

        status, answer = self.client.ask(grant_type="refresh_token", refresh_token=first)
        again, _ = self.client.ask(grant_type="refresh_token", refresh_token=first)

        self.assertEqual((status, again), (200, 400))
        self.assertNotEqual(answer["refresh_token"], first)

    def test_replayed_refresh_token_revokes_its_family(self) -> None:
        self.server.issue_refresh_tokens = self.server.revoke_replayed_families = True
        other = str(self.client.ask_with_password()["refresh_token"])
        first = str(self.client.ask_with_password()["refresh_token"])
        _, answer = self.client.ask(grant_type="refresh_token", refresh_token=first)

        statuses = [
            self.client.ask(grant_type="refresh_token", refresh_token=str(token))[0]
            for token in (first, answer["refresh_token"], other)
        ]

        self.assertEqual(statuses, [400, 400, 200])

    def test_wrong_client_is_401_with_a_challenge(self) -> None:
        secret = self.server.client_secret
        for basic in (
            self.client.basic(secret="wrong"),
            self.client.basic(name="wrong"),
            self.client.basic(secret=secret + ":x"),
            self.client.basic(secret=urllib.parse.quote_plus(secret)),
            self.client.basic().replace("Basic", "Bearer"),
            "Basic ****",
            "Basic " + base64.b64encode(b"no colon").decode(),
        ):
            with self.subTest(basic=basic):
                response, body = self.client.call(
                    "POST", self.server.token_path, b"grant_type=password&username=a&password=b",
                    Authorization=basic, Content_Type=FORM,
                )
                self.assertEqual(response.status, 401)
                self.assertTrue(response.getheader("WWW-Authenticate").startswith("Basic "))
                self.assertEqual(json.loads(body)["error"], "invalid_client")
        self.assertEqual(self.server.failed_logins, 0)

    def test_form_decoding_of_the_client_is_a_choice(self) -> None:
        self.server.basic_decoding = "form"
        name = urllib.parse.quote_plus(self.server.client_id)
        secret = urllib.parse.quote_plus(self.server.client_secret)
        self.assertNotEqual(secret, self.server.client_secret)

        escaped, _ = self.client.ask(
            self.client.basic(name, secret), grant_type="authorization_code",
            code=self.server.add_code(),
        )
        plain, _ = self.client.ask(grant_type="authorization_code", code=self.server.add_code())

        self.assertEqual((escaped, plain), (200, 401))

    def test_malformed_requests_are_refused(self) -> None:
        basic, path = self.client.basic(), self.server.token_path
        good = b"grant_type=password&username=Administrator&password=x"
        for method, kind, body, expected, error in (
            ("POST", "application/json", good, 400, "invalid_request"),
            ("POST", FORM, good + b"&password=y", 400, "invalid_request"),
            ("POST", FORM, b"grant_type=password&username=Administrator&password=", 400,
             "invalid_request"),
            ("POST", FORM, b"grant_type=authorization_code", 400, "invalid_request"),
            ("POST", FORM, b"authorization_code&=[authorization code.", 400, "invalid_request"),
            ("POST", FORM, good + b"&client_secret=x", 400, "invalid_request"),
            ("POST", FORM, b"username=x", 400, "invalid_request"),
            ("POST", FORM, b"grant_type=device_code", 400, "unsupported_grant_type"),
            ("GET", FORM, None, 405, "invalid_request"),
        ):
            with self.subTest(body=body):
                response, answer = self.client.call(
                    method, path, body, Authorization=basic, Content_Type=kind
                )
                self.assertEqual(response.status, expected)
                self.assertEqual(json.loads(answer)["error"], error)

    def test_client_gets_a_token_for_itself(self) -> None:
        status, answer = self.client.ask(grant_type="client_credentials")
        self.assertEqual(status, 200)
        self.assertTrue(self.server.is_valid(answer["access_token"]))

    def test_five_failed_logins_lock_the_account(self) -> None:
        for _ in range(5):
            self.assertFalse(self.server.locked_out)
            status, answer = self.client.ask(
                grant_type="password", username=self.server.username, password="wrong"
            )
            self.assertEqual((status, answer["error"]), (400, "invalid_grant"))

        status, _ = self.client.ask(
            grant_type="password", username=self.server.username, password=self.server.password
        )

        self.assertEqual(status, 400)
        self.assertTrue(self.server.locked_out)


class Api(ServerTest):
    """The protected resource."""

    def setUp(self) -> None:
        super().setUp()
        self.token = str(self.client.ask_with_password()["access_token"])

    def test_token_opens_the_api(self) -> None:
        response, body = self.client.get("/Connect/api/devices", self.token)
        self.assertEqual((response.status, len(json.loads(body))), (200, 3))

        response, body = self.client.get("/Connect/api/devices/2", self.token)
        self.assertEqual(json.loads(body)["name"], "printer-2")

        response, _ = self.client.get("/Connect/api/devices/9", self.token)
        self.assertEqual(response.status, 404)

    def test_bad_tokens_are_401_invalid_token(self) -> None:
        expired = str(self.client.ask_with_password()["access_token"])
        self.server.expire_all_tokens()
        good = str(self.client.ask_with_password()["access_token"])
        for value in (
            None, "Bearer unknown", f"Basic {good}", f"Bearer {good}x", "Bearer ",
            f"Bearer {expired}",
        ):
            with self.subTest(value=value and value[:20]):
                fields = {"Authorization": value} if value else {}
                response, _ = self.client.call("GET", "/Connect/api/devices", **fields)
                self.assertEqual(response.status, 401)
                self.assertEqual(
                    response.getheader("WWW-Authenticate"), 'Bearer error="invalid_token"'
                )

    def test_lifetime_is_enforced(self) -> None:
        self.server.lifetime = 0.2
        token = str(self.client.ask_with_password()["access_token"])
        deadline = time.monotonic() + 10
        while self.server.is_valid(token) and time.monotonic() < deadline:
            time.sleep(0.02)

        response, _ = self.client.get("/Connect/api/devices", token)

        self.assertEqual(response.status, 401)

    def test_revoked_tokens_are_unknown(self) -> None:
        self.server.revoke_all_tokens()
        response, _ = self.client.get("/Connect/api/devices", self.token)
        self.assertEqual(response.status, 401)

    def test_writes_are_echoed_and_counted(self) -> None:
        bearer = f"Bearer {self.token}"
        data = bytes(range(256))
        for method, status, count in (("POST", 201, "1"), ("PUT", 200, "2")):
            response, body = self.client.call(
                method, "/Connect/api/devices", data, Authorization=bearer, Content_Type="x/y"
            )
            self.assertEqual((response.status, body), (status, data))
            self.assertEqual(response.getheader("X-Count"), count)
            self.assertEqual(response.getheader("Content-Type"), "x/y")
        response, body = self.client.call(
            "DELETE", "/Connect/api/devices/1", Authorization=bearer
        )
        self.assertEqual((response.status, body), (204, b""))

    def test_head_has_the_length_and_no_body(self) -> None:
        response, body = self.client.call(
            "HEAD", "/Connect/api/large?bytes=12345", Authorization=f"Bearer {self.token}"
        )
        self.assertEqual((response.status, body), (200, b""))
        self.assertEqual(response.getheader("Content-Length"), "12345")

    def test_large_body_streams_and_is_always_the_same(self) -> None:
        count = 20_000_003
        _, body = self.client.get(f"/Connect/api/large?bytes={count}", self.token)
        expected = hashlib.sha256()
        for part in oauth_server.large_body(count):
            expected.update(part)
        self.assertEqual(len(body), count)
        self.assertEqual(hashlib.sha256(body).digest(), expected.digest())

    def test_status_answers_that_status(self) -> None:
        for status in (200, 403, 404, 422, 429, 500, 503):
            response, _ = self.client.get(f"/Connect/api/status/{status}", self.token)
            self.assertEqual(response.status, status)


class Certificates(unittest.TestCase):
    """Python's ssl module judges what certificates.py makes."""

    def connect(self, kind: str, name: str = "localhost", tls: str = "any") -> str | None:
        """Handshakes with the CA that belongs to the kind; returns the TLS version."""
        with OAuthServer(chain(kind), tls=tls) as server:
            context = ssl.create_default_context(cafile=str(server.chain.ca_file))
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
                with context.wrap_socket(sock, server_hostname=name) as secured:
                    return secured.version()

    def test_good_chains_are_trusted_under_each_name(self) -> None:
        for kind in ("rsa", "ecdsa"):
            for name in ("localhost", "server.domain.tld", "127.0.0.1", "::1"):
                with self.subTest(kind=kind, name=name):
                    self.assertEqual(self.connect(kind, name), "TLSv1.3")

    def test_tls_version_is_settable(self) -> None:
        self.assertEqual(self.connect("ecdsa", tls="1.2"), "TLSv1.2")
        self.assertEqual(self.connect("ecdsa", tls="1.3"), "TLSv1.3")

    def test_each_bad_chain_is_refused_for_its_own_reason(self) -> None:
        reasons = {
            "expired": "certificate has expired",
            "not_yet_valid": "not yet valid",
            "wrong_host": "Hostname mismatch",
            "untrusted": "unable to get",
            "self_signed": "self-signed certificate",
        }
        self.assertEqual(set(reasons), set(certificates.BAD_KINDS))
        for kind, reason in reasons.items():
            with self.subTest(kind=kind):
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    self.connect(kind)
                self.assertIn(reason, caught.exception.verify_message)

    def test_chain_is_reused_and_a_dated_one_is_kept_apart(self) -> None:
        first = chain().chain_file.read_bytes()
        self.assertEqual(chain().chain_file.read_bytes(), first)

        begins = certificates._parse_date("2001-02-03")
        dated = certificates.make_chain(_directory.name, "ecdsa", not_before=begins)

        self.assertNotEqual(dated.chain_file, chain().chain_file)
        self.assertEqual(chain().chain_file.read_bytes(), first)
        shown = subprocess.run(
            ["openssl", "x509", "-in", dated.chain_file, "-noout", "-startdate"],
            capture_output=True, text=True, check=True,
        )
        self.assertIn("Feb  3 00:00:00 2001", shown.stdout)

    def test_key_files_are_private(self) -> None:
        for file in pathlib.Path(_directory.name).glob("*.key"):
            self.assertEqual(file.stat().st_mode & 0o077, 0, file)


class ClientCertificates(unittest.TestCase):
    """A server that lets nobody in without one."""

    def attempt(self, kind: str | None) -> str | None:
        """Makes a request with a client certificate; the name that the server has seen."""
        own = certificates.make_client(_directory.name, kind or "ecdsa")
        trusted = certificates.make_client(_directory.name, "ecdsa").ca_file
        with OAuthServer(chain()) as server:
            server.require_client_certificates(trusted)
            client = Client(server)
            if kind:
                client.context.load_cert_chain(own.chain_file, own.key_file)
            with contextlib.closing(client.connection):
                client.ask_with_password()
            return server.connections[0].client

    def test_good_ones_are_let_in(self) -> None:
        for kind in ("ecdsa", "ecdsa384"):
            self.assertEqual(self.attempt(kind), f"connect-auth test client-{kind}-client")

    def test_none_and_bad_ones_are_not(self) -> None:
        for kind in (None, "expired", "untrusted", "rsa"):
            with self.subTest(kind=kind), self.assertRaises((ssl.SSLError, OSError)):
                self.attempt(kind)


class Recording(ServerTest):
    """The proofs of other tests rest on this."""

    def test_every_request_is_recorded_byte_for_byte(self) -> None:
        sent = (
            b"POST /Connect/api/token HTTP/1.1\r\nhost:  odd \r\nContent-Length: 3\r\n\r\na\x00b",
            b"GET /other HTTP/1.1\r\n\r\n",
        )
        context = ssl.create_default_context(cafile=str(self.server.chain.ca_file))
        context.set_alpn_protocols(["http/1.1"])
        with socket.create_connection(("localhost", self.server.port), timeout=10) as sock:
            with context.wrap_socket(sock, server_hostname="localhost") as secured:
                for octet in b"".join(sent):
                    secured.sendall(bytes([octet]))
                self.assertTrue(self.server.wait_for(lambda: len(self.server.requests) == 2))

        record = self.server.connections[0]
        self.assertEqual([one.raw for one in record.requests], list(sent))
        self.assertEqual(bytes(record.plaintext), b"".join(sent))
        self.assertEqual((record.sni, record.alpn), ("localhost", "http/1.1"))
        self.assertEqual(record.tls_version, "TLSv1.3")
        self.assertIn(b"a\x00b", self.server.received())
        self.assertTrue(record.raw.startswith(b"\x16\x03"))

    def test_half_a_request_is_recorded(self) -> None:
        context = ssl.create_default_context(cafile=str(self.server.chain.ca_file))
        with socket.create_connection(("localhost", self.server.port), timeout=10) as sock:
            with context.wrap_socket(sock, server_hostname="localhost") as secured:
                secured.sendall(b"POST / HTTP/1.1\r\nSecret: planted")
        self.assertTrue(self.server.wait_ended())

        self.assertIn(b"Secret: planted", self.server.received())
        self.assertEqual(self.server.requests, [])

    def test_plain_bytes_on_the_tls_port_are_recorded(self) -> None:
        with socket.create_connection(("localhost", self.server.port), timeout=10) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nSecret: planted\r\n\r\n")
        self.assertTrue(self.server.wait_ended())

        self.assertIn(b"Secret: planted", self.server.received())
        self.assertIsNotNone(self.server.connections[0].handshake_error)

    def test_refused_certificate_is_recorded_as_handshake_failure(self) -> None:
        with contextlib.suppress(ssl.SSLError):
            with socket.create_connection(("localhost", self.server.port), timeout=10) as sock:
                ssl.create_default_context().wrap_socket(sock, server_hostname="localhost")
        self.assertTrue(self.server.wait_ended())

        self.assertIn("UNKNOWN_CA", self.server.connections[0].handshake_error.upper())

    def test_log_has_every_request(self) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
            self.server.log = log
            self.client.ask_with_password()
            self.client.connection.close()
            self.assertTrue(self.server.wait_ended())
            self.server.stop()
            log.seek(0)
            events = [json.loads(line) for line in log]
        raw = [base64.b64decode(e["raw_b64"]) for e in events if e["event"] == "request"]
        self.assertEqual(raw, [self.server.requests[0].raw])
        self.assertEqual(events[-1]["event"], "connection")
        self.assertEqual(events[-1]["requests"], 1)

    def test_plain_and_silent_servers_record(self) -> None:
        for kind in (PlainServer, SilentServer):
            with self.subTest(kind=kind.__name__), kind() as server:
                with socket.create_connection(("localhost", server.port), timeout=10) as sock:
                    sock.sendall(b"planted")
                    self.assertTrue(server.wait_for(lambda: b"planted" in server.received()))
                    if kind is PlainServer:
                        self.assertEqual(sock.makefile("rb").read(), PlainServer.ANSWER)

    def test_connections_that_came_and_went_are_counted(self) -> None:
        self.assertEqual(self.server.count_connections(), 0)
        for count in range(1, 6):
            socket.create_connection(("localhost", self.server.port), timeout=10).close()
            self.assertEqual(self.server.count_connections(), count)
        self.server.stop()
        self.assertEqual(self.server.count_connections(), 5)

    def test_ipv6_and_ipv4_share_the_port(self) -> None:
        for address in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((address, self.server.port), timeout=10).close()
            except OSError:
                if address != "::1" or pathlib.Path("/proc/net/if_inet6").exists():
                    raise
        self.assertTrue(self.server.wait_ended(1))


class Misbehaviour(ServerTest):
    """What tests switch on."""

    def test_canned_answers_come_first_and_in_order(self) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d"
        self.server.next_responses += [Canned(answer % 1), Canned(answer % 2)]

        bodies = [self.client.call("GET", "/")[1] for _ in range(2)]
        response, _ = self.client.call("GET", "/")

        self.assertEqual(bodies, [b"1", b"2"])
        self.assertEqual(response.status, 404)
        self.client.connection.close()
        self.assertEqual(self.server.count_connections(), 1)

    def test_endings(self) -> None:
        for ending, expected in (
            (Ending.CLOSE_NOTIFY, {"clean"}),
            (Ending.ABRUPT, {"cut"}),
            (Ending.RESET, {"reset", "cut"}),  # OpenSSL may report either
        ):
            with self.subTest(ending=ending):
                self.server.next_responses.append(Canned(b"HTTP/1.1 200 OK\r\n\r\nbody", ending))
                self.assertIn(self.read_to_end(), expected)

    def read_to_end(self) -> str:
        """How a connection ends, seen from the client."""
        context = ssl.create_default_context(cafile=str(self.server.chain.ca_file))
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python's default hides a cut
        with socket.create_connection(("localhost", self.server.port), timeout=10) as sock:
            with context.wrap_socket(
                sock, server_hostname="localhost", suppress_ragged_eofs=False
            ) as secured:
                secured.sendall(b"GET / HTTP/1.1\r\n\r\n")
                try:
                    while secured.recv(1000):
                        pass
                except ConnectionResetError:
                    return "reset"
                except ssl.SSLError:
                    return "cut"
                return "clean"

    def test_faults_are_counted_down(self) -> None:
        self.server.fault = Fault(503, (("Retry-After", "7"),), remaining=2)
        statuses = []
        for _ in range(3):
            response, _ = self.client.call("POST", self.server.token_path, b"")
            statuses.append((response.status, response.getheader("Retry-After")))
        self.assertEqual(statuses, [(503, "7"), (503, "7"), (400, None)])

    def test_redirect(self) -> None:
        for status in (301, 302, 303, 307, 308):
            self.server.redirect_with(status, "https://evil.example/")
            response, _ = self.client.call("POST", self.server.token_path, b"")
            self.assertEqual(response.status, status)
            self.assertEqual(response.getheader("Location"), "https://evil.example/")

    def test_stop_ends_a_long_delay_and_open_connections(self) -> None:
        self.server.response_delay = 600
        caller = threading.Thread(target=self.call_and_fail, daemon=True)
        caller.start()
        self.assertTrue(self.server.wait_for(lambda: bool(self.server.requests)))

        began = time.monotonic()
        self.server.stop()
        caller.join(10)

        self.assertLess(time.monotonic() - began, 5)
        self.assertFalse(caller.is_alive())

    def call_and_fail(self) -> None:
        """A call whose connection is torn down."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.client.call("GET", "/")

    def test_connection_close_is_obeyed(self) -> None:
        response, _ = self.client.call("GET", "/", Connection="close")
        self.assertEqual(response.getheader("Connection"), "close")
        self.client.call("GET", "/")
        self.client.connection.close()
        self.assertEqual(self.server.count_connections(), 2)

    def test_rubbish_is_400(self) -> None:
        context = ssl.create_default_context(cafile=str(self.server.chain.ca_file))
        with socket.create_connection(("localhost", self.server.port), timeout=10) as sock:
            with context.wrap_socket(sock, server_hostname="localhost") as secured:
                secured.sendall(b"HELO example\r\n\r\n")
                self.assertTrue(secured.recv(100).startswith(b"HTTP/1.1 400 "))


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Curl(ServerTest):
    """A client that nobody here wrote."""

    def curl(self, *arguments: str, data: bytes = b"") -> bytes:
        """curl's standard output; it must succeed."""
        result = subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", "20",
             "--cacert", str(self.server.chain.ca_file), *arguments],
            input=data, capture_output=True, check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return result.stdout

    def test_token_and_api(self) -> None:
        pair = f"{self.server.client_id}:{self.server.client_secret}"
        answer = json.loads(self.curl(
            "--user", pair, "--data", "grant_type=password", "--data-urlencode",
            f"username={self.server.username}", "--data-urlencode",
            f"password={self.server.password}", self.server.url + self.server.token_path,
        ))
        devices = json.loads(self.curl(
            "--oauth2-bearer", answer["access_token"], f"{self.server.url}/Connect/api/devices"
        ))
        self.assertEqual(len(devices), 3)

    def test_chunked_upload_with_expectation(self) -> None:
        token = str(self.client.ask_with_password()["access_token"])
        data = os.urandom(3_000_000)
        echo = self.curl(
            "--oauth2-bearer", token, "--upload-file", "-", "--header", "Expect: 100-continue",
            f"{self.server.url}/Connect/api/devices", data=data,
        )
        self.assertEqual(echo, data)
        self.assertEqual(self.server.requests[-1].field("Transfer-Encoding"), "chunked")


class CommandLine(unittest.TestCase):
    """The server as a program, as the demo starts it."""

    def test_serves_until_it_is_terminated(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            (work / "secret").write_text("from a file\n", encoding="ascii")
            process = subprocess.Popen(
                [sys.executable, str(HERE / "oauth_server.py"), "--directory", _directory.name,
                 "--client-secret-file", str(work / "secret"), "--log", str(work / "log"),
                 "--tls", "1.2", "--fail", "503:1"],
                stdout=subprocess.PIPE, text=True,
            )
            try:
                line = process.stdout.readline()
                found = re.match(r"listening on https://localhost:(\d+), CA certificate (.*)", line)
                self.assertTrue(found, line)
                self.assertEqual(self.ask(int(found[1]), found[2]), [503, 401])
            finally:
                process.terminate()
                self.assertEqual(process.wait(10), 0)
                process.stdout.close()
            self.assertIn('"event": "request"', (work / "log").read_text(encoding="utf-8"))

    def ask(self, port: int, ca_file: str) -> list[int]:
        """Two requests without credentials."""
        context = ssl.create_default_context(cafile=ca_file)
        connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
        statuses = []
        for _ in range(2):
            connection.request("POST", "/Connect/api/token", b"a=b", {"Content-Type": FORM})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        connection.close()
        return statuses


if __name__ == "__main__":
    unittest.main()
