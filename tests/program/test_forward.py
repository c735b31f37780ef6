# SPDX-License-Identifier: Apache-2.0
"""The forward proxy: plain HTTP of programs that cannot send the token, made calls of the API."""

import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import unittest
from collections.abc import Iterator

import service
from harness import CLIENT_SECRET, EXIT_USAGE, PASSWORD, chain, traces, wait_until
from oauth_server import Canned, Ending, Fault, Request, large_body
from service import Service, ServiceTest, run_as

DEVICES = "/Connect/api/devices"
GET = f"GET {DEVICES} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
NOBODY = 65534
MOST_CALLS = 16
MOST_KEPT = 16384


class UnixConnection(http.client.HTTPConnection):
    """What programs do with the library of Python, but for the kind of socket."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(str(self.path))


def free_port(family: int = socket.AF_INET, host: str = "127.0.0.1") -> int:
    """One that nobody listens on."""
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def children_of(process: int) -> list[int]:
    """All of them, of a process that is there."""
    return [int(n) for n in pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()]


class ForwardTest(ServiceTest):
    """A device whose service forwards, at a Unix socket."""

    def prepare(self, device: service.Device) -> None:
        super().prepare(device)
        self.path = device.directory / "run" / "api"
        device.settings["forward"] = {"listen": str(self.path)}

    def connect(self) -> socket.socket:
        """A connection, closed at the test's end at the latest."""
        client = self.enterContext(socket.socket(socket.AF_UNIX))
        client.settimeout(60)
        client.connect(str(self.path))
        return client

    def exchange(self, data: bytes) -> bytes:
        """Octets as they are, and all that comes back."""
        with self.connect() as client:
            client.sendall(data)
            return read_all(client)

    def call(self, method: str, target: str, body: object = None, fields: dict[str, str] | None = None,
             ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """A request as a program makes it."""
        with contextlib.closing(UnixConnection(self.path)) as client:
            client.request(method, target, body, fields or {})
            response = client.getresponse()
            return response.status, response.headers, response.read()

    def calls(self) -> list[Request]:
        """What arrived at the server, but for requests of tokens."""
        return [one for one in self.server.requests if one.path != self.server.token_path]

    def wait_for_calls(self, running: Service, count: int) -> list[int]:
        """The processes of as many calls as are under way then."""
        self.assertTrue(wait_until(lambda: len(children_of(self.forwarder(running))) == count))
        return children_of(self.forwarder(running))

    def forwarder(self, running: Service) -> int:
        """The process that takes connections."""
        [process] = children_of(running.process.pid)
        return process

    def metric(self, running: Service, name: str) -> float:
        with running.connect() as client:
            return float(re.search(rf"(?m)^connect_auth_{name} (\S+)$", client.ask("metrics"))[1])

    def assert_own_answer(self, answer: bytes, status: int, mentions: str = "") -> None:
        """The proxy's, whole, and without a secret."""
        head, _, content = answer.partition(b"\r\n\r\n")
        self.assertRegex(head, rb"\AHTTP/1\.1 %d [A-Z]" % status)
        self.assertIn(b"\r\nContent-Length: %d\r\n" % len(content), head + b"\r\n")
        self.assertIn(b"\r\nConnection: close", head)
        self.assert_sentence(content)
        self.assertIn(mentions, content.decode())
        self.assert_no_secret(answer, self.secrets_of(self.device))


def read_all(client: socket.socket) -> bytes:
    """Until the other side ends; a reset counts as an end."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65536):
            data += piece
    return data


class Calls(ForwardTest):
    """What works."""

    def test_get(self) -> None:
        with self.running() as running:
            status, fields, body = self.call("GET", DEVICES + "?page=1&name=a%20b")
            self.assertEqual((status, fields["Content-Type"]), (200, "application/json; charset=utf-8"))
            self.assertIn(b"printer-3", body)
            self.assertEqual(fields["Connection"], "close")
            seen = self.server.requests[-1]
            self.assertEqual((seen.method, seen.target), ("GET", DEVICES + "?page=1&name=a%20b"))
            self.assertEqual(seen.field("Authorization"), f"Bearer {self.server.tokens_issued[0]}")
            self.assertEqual(seen.field("Host"), self.server.url.removeprefix("https://"))
            self.assertTrue(wait_until(lambda: self.metric(running, "forward_calls_total") == 1))
        self.assertEqual(self.server.token_requests, 1)

    def test_curl(self) -> None:
        with self.running():
            done = subprocess.run(
                ["curl", "-sS", "--unix-socket", str(self.path), "-d", '{"id": 4}', "-H", "Content-Type: application/json",
                 f"http://api{DEVICES}"], capture_output=True, check=True)
        self.assertEqual((done.stdout, done.stderr), (b'{"id": 4}', b""))
        self.assertEqual(self.server.requests[-1].field("Content-Type"), "application/json")

    def test_answers_without_content(self) -> None:
        with self.running():
            for method, target, status, length in (
                    ("HEAD", DEVICES, 200, True), ("DELETE", DEVICES + "/1", 204, False),
                    ("HEAD", "/Connect/api/status/404", 404, True)):
                with self.subTest(method=method, target=target):
                    code, fields, body = self.call(method, target)
                    self.assertEqual((code, body), (status, b""))
                    self.assertEqual("Content-Length" in fields, length)
                    self.assertNotIn("Transfer-Encoding", fields)
            self.server.next_responses.append(Canned(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 9\r\n\r\n'))
            code, fields, body = self.call("GET", DEVICES, fields={"If-None-Match": '"1"'})
            self.assertEqual((code, fields["ETag"], fields["Content-Length"], body), (304, '"1"', "9", b""))

    def test_errors_of_the_server_are_passed_on(self) -> None:
        with self.running():
            for status in (400, 403, 404, 429, 500, 503):
                code, _, body = self.call("POST", f"/Connect/api/status/{status}", b"{}")
                self.assertEqual((code, f"Status {status}.".encode() in body), (status, True))

    def test_large_content_both_ways(self) -> None:
        count = 5_000_000
        data = b"".join(large_body(count))
        with self.running() as running:
            self.call("GET", DEVICES)
            status, fields, body = self.call("PUT", DEVICES + "/1", data)
            self.assertEqual((status, fields["Content-Length"], body == data), (200, str(count), True))
            self.assertTrue(self.server.requests[-1].body == data)
            status, _, body = self.call("GET", f"/Connect/api/large?bytes={count}")
            self.assertTrue((status, body == data), (200, True))
            self.wait_for_calls(running, 0)

    def test_content_that_comes_in_pieces(self) -> None:
        data = b"".join(large_body(50_000))
        with self.running(), self.connect() as client:
            client.sendall(b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Le" % DEVICES.encode())
            time.sleep(0.1)
            client.sendall(b"ngth: 50000\r\n\r\n" + data[:7])
            for begin in range(7, len(data), 9999):
                time.sleep(0.05)
                client.sendall(data[begin:begin + 9999])
            self.assertTrue(read_all(client).endswith(b"\r\n\r\n" + data))
            self.assertTrue(self.server.requests[-1].body == data)

    def test_expect_continue(self) -> None:
        with self.running(), self.connect() as client:
            client.sendall(b"POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n" % DEVICES.encode())
            self.assertEqual(client.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            client.sendall(b"hello")
            self.assertTrue(read_all(client).endswith(b"\r\n\r\nhello"))
            self.assertIsNone(self.server.requests[-1].field("Expect"))

    def test_content_of_unknown_length(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n"
        until_close = b"HTTP/1.1 200 OK\r\n\r\nhello!"
        with self.running():
            for version, framed in (("1.1", b"hello!"), ("1.0", b"hello!")):
                for canned in (Canned(chunked), Canned(until_close, Ending.CLOSE_NOTIFY)):
                    with self.subTest(version=version, canned=canned):
                        self.call("GET", DEVICES)
                        self.server.next_responses.append(canned)
                        answer = self.exchange(GET.replace(b"1.1", version.encode()))
                        head, _, content = answer.partition(b"\r\n\r\n")
                        self.assertEqual(b"Transfer-Encoding: chunked" in head, version == "1.1")
                        self.assertNotIn(b"Trailer", head)
                        if version == "1.1":
                            self.assertTrue(content.endswith(b"\r\n0\r\n\r\n"), content)
                            content = b"".join(re.findall(rb"[0-9a-f]+\r\n([^\r]+)\r\n", content))
                        self.assertEqual(content, framed)

    def test_answer_that_breaks_off_is_seen_to(self) -> None:
        broken = (
            Canned(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Ending.ABRUPT),
            Canned(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Ending.CLOSE_NOTIFY),
            Canned(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Ending.RESET),
            Canned(b"HTTP/1.1 200 OK\r\n\r\nhello", Ending.ABRUPT),
        )
        with self.running() as running:
            self.call("GET", DEVICES)
            for number, canned in enumerate(broken):
                with self.subTest(canned=canned):
                    self.server.next_responses.append(canned)
                    with self.assertRaises(http.client.IncompleteRead):
                        self.call("GET", DEVICES)
                    self.assertEqual(self.metric(running, "forward_failures_total"), number + 1)

    def test_fields_of_both_ways(self) -> None:
        answer = (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine, thanks\r\nConnection: X-Hop, keep-alive\r\n"
                  b"Keep-Alive: 5\r\nX-Hop: 1\r\nX-Folded: a\r\n  b\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nSet-Cookie: a=1\r\n"
                  b"Set-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok")
        with self.running():
            self.call("GET", DEVICES)
            self.server.next_responses.append(Canned(answer))
            got = self.exchange(
                f"GET {DEVICES} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer mine\r\nCookie: c=3\r\nAccept: text/plain\r\n"
                "Connection: x-mine\r\nX-Mine: 1\r\nProxy-Authorization: Basic bWluZQ==\r\nTE: trailers\r\nKeep-Alive: 9\r\n"
                "Upgrade: h2c\r\nAccept-Encoding: gzip\r\nUser-Agent: old\r\nX-Yours:   two  words\t\r\n\r\n".encode())
        self.assertEqual(got.partition(b"\r\n\r\n")[0].split(b"\r\n"),
                         [b"HTTP/1.1 200 Fine, thanks", b"X-Folded: a    b", b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"Content-Length: 2",
                          b"Connection: close"])
        seen = self.server.requests[-1]
        self.assertEqual(seen.fields[:2], [("Host", self.server.url.removeprefix("https://")),
                                           ("Authorization", f"Bearer {self.server.tokens_issued[0]}")])
        self.assertEqual(
            {(name, value) for name, value in seen.fields[2:] if name != "Connection"},
            {("Cookie", "c=3"), ("Accept", "text/plain"), ("X-Yours", "two  words"), ("Via", "1.1 connect-auth"),
             ("Accept-Encoding", "identity"), ("User-Agent", "connect-auth")})

    def test_absolute_form_of_the_configured_origin(self) -> None:
        with self.running():
            answer = self.exchange(f"GET {self.server.url}{DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertEqual(self.server.requests[-1].target, DEVICES)

    def test_many_calls_leave_nothing_behind(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            forwarder = self.forwarder(running)
            self.wait_for_calls(running, 0)
            before = len(os.listdir(f"/proc/{forwarder}/fd"))
            at_most = running.descriptors()
            for _ in range(50):
                self.call("POST", DEVICES, b"x")
                self.exchange(b"nonsense\r\n\r\n")
            self.wait_for_calls(running, 0)
            self.assertTrue(wait_until(
                lambda: len(os.listdir(f"/proc/{forwarder}/fd")) == before and running.descriptors() <= at_most))


class Tokens(ForwardTest):
    """401 of the API, and no token at all."""

    def test_refused_token_is_replaced_and_the_request_made_again(self) -> None:
        for body in (None, b"small", bytes(MOST_KEPT)):
            with self.subTest(body=body and len(body)):
                self.revoke_old_token()
                with self.running():
                    requests = self.server.token_requests
                    status, _, _ = self.call("PUT" if body else "GET", DEVICES, body)
                    self.assertEqual((status, self.server.token_requests), (200, requests + 1))
                    last = self.calls()[-2:]
                    self.assertEqual([one.status for one in last], [401, 200])
                    self.assertEqual([one.body for one in last], 2 * [body or b""])

    def test_large_content_is_not_sent_twice(self) -> None:
        self.revoke_old_token()
        with self.running():
            status, fields, _ = self.call("PUT", DEVICES, bytes(MOST_KEPT + 1))
            self.assertEqual((status, "WWW-Authenticate" in fields), (401, True))
            self.assertEqual(self.call("GET", DEVICES)[0], 200, "the next call has a new token")

    def revoke_old_token(self) -> None:
        """A stored one, as one that just came would not be replaced."""
        with self.running():
            self.call("GET", DEVICES)
        self.server.revoke_all_tokens()
        self.device.go_on_later(60)

    def test_large_401_is_dropped_before_the_second_try(self) -> None:
        with self.running():
            self.call("GET", DEVICES)
            self.server.next_responses.append(
                Canned(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000)))
            status, _, body = self.call("POST", DEVICES, b"once more")
            self.assertEqual((status, body), (201, b"once more"))

    def test_api_that_refuses_every_token(self) -> None:
        with self.running():
            self.call("GET", DEVICES)
            status, fields, body = self.call("GET", "/Connect/api/status/401")
            self.assertEqual((status, b"Status 401." in body), (401, True))
            self.assertEqual([one.path for one in self.server.requests].count("/Connect/api/status/401"), 2)

    def test_no_token(self) -> None:
        self.server.fault = Fault(503)
        with self.running():
            answer = self.exchange(GET)
            self.assert_own_answer(answer, 503, "busy")
            self.assertIn(b"\r\nRetry-After: ", answer)

    def test_refused_credentials(self) -> None:
        self.device.use_client_secret("wrong")
        with self.running():
            answer = self.exchange(GET)
            self.assert_own_answer(answer, 503, "invalid_client")
            self.assertNotIn(b"Retry-After", answer)


class Refusals(ForwardTest):
    """What is not forwarded, and who may not ask."""

    def test_requests_that_could_be_read_in_two_ways(self) -> None:
        head = f"POST {DEVICES} HTTP/1.1\r\nHost: a\r\n"
        cases = {
            "both lengths": (400, head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "two lengths": (400, head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
            "list of lengths": (400, head + "Content-Length: 5, 5\r\n\r\nhello"),
            "signed length": (400, head + "Content-Length: +5\r\n\r\nhello"),
            "hexadecimal length": (400, head + "Content-Length: 0x5\r\n\r\nhello"),
            "endless length": (400, head + "Content-Length: 99999999999999999999\r\n\r\n"),
            "chunked": (411, head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "blank before the colon": (400, head + "Content-Length : 5\r\n\r\nhello"),
            "folded line": (400, head + "X: a\r\n b\r\n\r\n"),
            "first line folded": (400, f"GET {DEVICES} HTTP/1.1\r\n Host: a\r\n\r\n"),
            "bare line feed": (400, head + "X: a\nContent-Length: 5\r\n\r\nhello"),
            "bare carriage return": (400, head + "X: a\rContent-Length: 5\r\n\r\nhello"),
            "NUL": (400, head + "X: a\0b\r\n\r\n"),
            "no host": (400, f"GET {DEVICES} HTTP/1.1\r\n\r\n"),
            "two hosts": (400, head + "Host: b\r\n\r\n"),
            "no colon": (400, head + "nonsense\r\n\r\n"),
            "second request in the target": (400, f"GET {DEVICES} HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"),
            "blank in front of the method": (400, f" GET {DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "fragment": (400, f"GET {DEVICES}#a HTTP/1.1\r\nHost: a\r\n\r\n"),
            "asterisk": (400, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
            "other origin": (421, f"GET https://example.com{DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "other port": (421, f"GET https://localhost:1{DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "user info": (421, f"GET https://localhost@example.com{DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "without TLS": (421, f"GET {self.server.url.replace('https', 'http')}{DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "tunnel": (405, "CONNECT localhost:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
            "trace": (405, f"TRACE {DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "version 2": (505, "PRI * HTTP/2.0\r\n\r\n"),
            "version 0.9": (400, "GET /\r\n\r\n"),
            "other expectation": (417, head + "Expect: more\r\n\r\n"),
            "long target": (414, f"GET /{'a' * 8000} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "long head": (431, head + f"X: {'a' * 20000}\r\n\r\n"),
            "many fields": (431, head + "X: a\r\n" * 100 + "\r\n"),
            "TLS": (400, "\x16\x03\x01\r\n\r\n"),
        }
        with self.running() as running:
            for name, (status, request) in cases.items():
                with self.subTest(name):
                    self.assert_own_answer(self.exchange(request.encode("latin-1")), status)
            self.assertEqual(self.metric(running, "forward_failures_total"), len(cases))
            self.assertEqual(self.calls(), [])

    def test_content_behind_a_request_is_no_second_one(self) -> None:
        smuggled = b"GET /Connect/api/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        with self.running():
            answer = self.exchange(GET + smuggled)
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
            self.exchange(b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" % DEVICES.encode() + smuggled)
            self.assertEqual(self.server.requests[-1].body, b"abc")
        self.assertNotIn(b"smuggled", self.server.received())

    @unittest.skipIf(os.geteuid() != 0, "only root can be somebody else")
    def test_other_users(self) -> None:
        with self.running() as running:
            self.open_way(self.path)
            script = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                      f"s.sendall({GET!r})\nwhile d:=s.recv(9999): sys.stdout.buffer.write(d)")
            self.path.chmod(0o666)  # As if the group were too large.
            done = run_as(NOBODY, "/usr/bin/python3", "-c", script, str(self.path))
            self.assert_own_answer(done.stdout, 403, "may not")
            self.assertEqual(self.metric(running, "forward_denied_total"), 1)
        self.assertIn(b"event=forward_denied user=65534", running.log)
        self.device.settings["daemon"]["users"] = str(NOBODY)
        with self.running() as running:
            self.path.chmod(0o666)
            done = run_as(NOBODY, "/usr/bin/python3", "-c", script, str(self.path))
            self.assertTrue(done.stdout.startswith(b"HTTP/1.1 200 OK\r\n"), done)

    def open_way(self, path: pathlib.Path) -> None:
        """Others may pass through the directories above."""
        for directory in path.parents:
            if directory != pathlib.Path("/") and directory.stat().st_uid == os.geteuid():
                directory.chmod(directory.stat().st_mode | 0o011)

    def test_socket_is_as_private_as_the_service_s(self) -> None:
        with self.running():
            self.assertEqual(self.path.stat().st_mode & 0o777, 0o660)
        self.assertFalse(self.path.exists())

    def test_places_that_are_none(self) -> None:
        for where in ("localhost:80", "0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080", "127.0.0.1:0", "127.0.0.1", "api", "[::1]:70000",
                      "/etc/passwd"):
            with self.subTest(where):
                self.device.settings["forward"]["listen"] = where
                self.assert_fails(self.device.run("daemon"), EXIT_USAGE, mentions=where)


class Ports(ForwardTest):
    """TCP, which browsers and all users of the machine reach."""

    def listen_at(self, host: str) -> tuple[str, int]:
        """Says where to listen."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        port = free_port(family, host)
        self.device.settings["forward"]["listen"] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return host, port

    def exchange_at(self, address: tuple[str, int], data: bytes) -> bytes:
        with socket.create_connection(address, 60) as client:
            client.sendall(data)
            return read_all(client)

    def test_loopback_addresses(self) -> None:
        for host in ("127.0.0.1", "127.3.2.1", "::1"):
            with self.subTest(host):
                address = self.listen_at(host)
                with self.running():
                    self.assertTrue(self.exchange_at(address, GET).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_ipv4_over_a_socket_for_ipv6(self) -> None:
        _, port = self.listen_at("127.0.0.1")
        with self.running(), socket.socket(socket.AF_INET6) as client:
            client.connect(("::ffff:127.0.0.1", port))
            client.sendall(GET)
            self.assertTrue(read_all(client).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_half_closed_client_gets_its_answer(self) -> None:
        address = self.listen_at("127.0.0.1")
        with self.running(), socket.create_connection(address, 60) as client:
            client.sendall(GET)
            client.shutdown(socket.SHUT_WR)
            self.assertTrue(read_all(client).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_who_goes_makes_room(self) -> None:
        """Though a port cannot tell at once who is gone from who has said all."""
        address = self.listen_at("127.0.0.1")
        with self.running() as running:
            self.server.response_delay = 30
            for _ in range(MOST_CALLS):
                with socket.create_connection(address, 60) as client:
                    client.sendall(GET)
                    self.assertTrue(wait_until(lambda: children_of(self.forwarder(running))))
            self.server.response_delay = 0
            began = time.monotonic()
            self.assertTrue(wait_until(lambda: not children_of(self.forwarder(running))))
            self.assertLess(time.monotonic() - began, 15)
            self.assertTrue(self.exchange_at(address, GET).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_who_says_nothing_is_not_counted(self) -> None:
        address = self.listen_at("127.0.0.1")
        with self.running() as running:
            with socket.create_connection(address, 60) as client:
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(client), b"")
            self.assertEqual(self.metric(running, "forward_failures_total"), 0)
        self.assertNotIn(b"forward_failed", running.log)

    def test_browsers(self) -> None:
        address = self.listen_at("127.0.0.1")
        with self.running():
            for field, status in (("Origin: http://example.com", 403), ("Origin: null", 403), ("Sec-Fetch-Site: cross-site", 403),
                                  ("Referer: http://example.com/", 403),
                                  ("Host: rebound.example.com", 421), ("Host: 192.0.2.1", 421), ("Host: localhost.example.com", 421)):
                with self.subTest(field):
                    host = "" if field.startswith("Host") else "Host: localhost\r\n"
                    request = f"GET {DEVICES} HTTP/1.1\r\n{host}{field}\r\n\r\n"
                    self.assert_own_answer(self.exchange_at(address, request.encode()), status)
            self.assertEqual(self.calls(), [])
            for host in (f"127.0.0.1:{address[1]}", "[::1]:80", "LOCALHOST", self.server.url.removeprefix("https://")):
                with self.subTest(host):
                    answer = self.exchange_at(address, GET.replace(b"localhost", host.encode()))
                    self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)

    @unittest.skipIf(os.geteuid() != 0, "only root can be somebody else")
    def test_other_users(self) -> None:
        address = self.listen_at("127.0.0.1")
        script = ("import socket,sys\ns=socket.create_connection(('127.0.0.1',int(sys.argv[1])))\n"
                  f"s.sendall({GET!r})\nwhile d:=s.recv(9999): sys.stdout.buffer.write(d)")
        with self.running() as running:
            done = run_as(NOBODY, "/usr/bin/python3", "-c", script, str(address[1]))
            self.assert_own_answer(done.stdout, 403, "may not")
            # A socket that nobody has any more looks like root's in the kernel's table.
            script = ("import socket,sys\nfor _ in range(200):\n s=socket.create_connection(('127.0.0.1',int(sys.argv[1])))\n"
                      f" s.sendall({GET!r})\n s.close()")
            run_as(NOBODY, "/usr/bin/python3", "-c", script, str(address[1]))
            self.assertTrue(wait_until(lambda: self.metric(running, "forward_denied_total") == 201))
        self.assertLess(running.log.count(b"event=forward_denied"), 100, "they would fill the log")
        self.assertEqual(self.calls(), [])
        self.device.settings["daemon"]["users"] = str(NOBODY)
        with self.running():
            script = ("import socket,sys\ns=socket.create_connection(('127.0.0.1',int(sys.argv[1])))\n"
                      f"s.sendall({GET!r})\nwhile d:=s.recv(9999): sys.stdout.buffer.write(d)")
            done = run_as(NOBODY, "/usr/bin/python3", "-c", script, str(address[1]))
            self.assertTrue(done.stdout.startswith(b"HTTP/1.1 200 OK\r\n"), done)

    def test_port_that_is_taken(self) -> None:
        _, port = self.listen_at("127.0.0.1")
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            self.assert_fails(self.device.run("daemon"), EXIT_USAGE, mentions=f"127.0.0.1:{port}")


class Servers(ForwardTest):
    """Servers that are away, slow, or not to be trusted."""

    def test_server_that_went_away(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            self.server.stop()
            self.assert_own_answer(self.exchange(GET), 502, "refused")
        self.assertRegex(running.log.decode(), rf'event=forward_failed user=\d+ request="GET {DEVICES}" status=502 reason=')

    def test_query_is_not_logged(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            self.server.stop()
            self.exchange(GET.replace(b" HTTP", b"?secret=of-the-program HTTP"))
        self.assertIn(b"event=forward_failed", running.log)
        self.assertNotIn(b"of-the-program", running.log)

    def test_server_of_another_authority(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            self.device.write("other-ca.pem", chain("rsa").ca_file.read_bytes())
            self.device.settings["server"]["ca_file"] = str(self.device.directory / "other-ca.pem")
            self.device.write_configuration()
            running.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: b"HTTP/1.1 502" in self.exchange(GET), 10))
            self.assert_own_answer(self.exchange(GET), 502, "other-ca.pem")

    def test_server_that_does_not_answer(self) -> None:
        self.device.settings["limits"] |= {"timeout": "2"}
        with self.running():
            self.call("GET", DEVICES)
            self.server.response_delay = 5.0
            self.assert_own_answer(self.exchange(GET), 504)

    def test_content_that_does_not_come(self) -> None:
        self.device.settings["limits"] |= {"timeout": "2"}
        with self.running():
            self.call("GET", DEVICES)
            request = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe" % DEVICES.encode()
            self.assert_own_answer(self.exchange(request), 408)
            with self.connect() as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                self.assert_own_answer(read_all(client), 400, "ended")

    def test_answer_with_a_coding_that_nobody_asked_for(self) -> None:
        with self.running():
            self.call("GET", DEVICES)
            self.server.next_responses.append(
                Canned(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"))
            self.assert_own_answer(self.exchange(GET), 502)

    def test_head_that_is_too_long(self) -> None:
        with self.running():
            self.call("GET", DEVICES)
            long = b"HTTP/1.1 103 Hints\r\n" + b"X: %s\r\n" % (b"a" * 8000) + b"\r\n"
            self.server.next_responses.append(Canned(3 * long + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
            self.assert_own_answer(self.exchange(GET), 502)


class Processes(ForwardTest):
    """Nobody waits for somebody else, and nothing is left behind."""

    @contextlib.contextmanager
    def occupied(self, running: Service) -> Iterator[None]:
        """As many calls as there may be, none of which gets on."""
        self.wait_for_calls(running, 0)
        with contextlib.ExitStack() as stack:
            for _ in range(MOST_CALLS):
                stack.enter_context(self.connect()).sendall(GET[:20])
            self.wait_for_calls(running, MOST_CALLS)
            yield

    def test_stalled_calls_delay_no_token(self) -> None:
        with self.running() as running, running.connect() as client:
            client.token()
            with self.occupied(running):
                times = []
                for _ in range(200):
                    before = time.monotonic()
                    client.token()
                    times.append(time.monotonic() - before)
                self.assertLess(sorted(times)[100], 0.05)
                self.assert_own_answer(self.exchange(GET), 503, "too many")
                self.assertIn(b"\r\nRetry-After: 1\r\n", self.exchange(GET))
                self.assertEqual(self.metric(running, "forward_busy_total"), 2)
            self.wait_for_calls(running, 0)
            self.assertEqual(self.call("GET", DEVICES)[0], 200)

    def test_request_that_does_not_come_in_time(self) -> None:
        with self.running(), self.connect() as client:
            before = time.monotonic()
            for octet in GET[:30]:
                client.sendall(bytes([octet]))
                time.sleep(0.02)
            self.assert_own_answer(read_all(client), 408)
            self.assertTrue(9 < time.monotonic() - before < 20)

    def test_program_that_goes_away_ends_its_call(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            self.wait_for_calls(running, 0)
            self.server.response_delay = 20.0
            before = time.monotonic()
            with self.connect() as client:
                client.sendall(GET)
                self.assertTrue(wait_until(lambda: len(self.calls()) == 2))
            self.wait_for_calls(running, 0)
            self.assertLess(time.monotonic() - before, 10)

    def test_a_forward_proxy_that_does_not_answer_holds_nobody_up(self) -> None:
        with self.running() as running:
            os.kill(self.forwarder(running), signal.SIGSTOP)
            began = time.monotonic()
            self.assertEqual(running.stop(), 0)
            self.assertLess(time.monotonic() - began, 2)
        with self.running():  # Whatever is left of the socket is no hindrance.
            self.assertEqual(self.call("GET", DEVICES)[0], 200)

    def test_killed_call(self) -> None:
        with self.running() as running:
            forwarder = self.forwarder(running)
            before = len(os.listdir(f"/proc/{forwarder}/fd"))
            with self.connect() as client:
                client.sendall(GET[:20])
                [call] = self.wait_for_calls(running, 1)
                os.kill(call, signal.SIGKILL)
                self.assertEqual(read_all(client), b"")
            self.wait_for_calls(running, 0)
            self.assertEqual(len(os.listdir(f"/proc/{forwarder}/fd")), before)
            self.assertEqual(self.call("GET", DEVICES)[0], 200)

    def test_end_of_the_service_ends_calls(self) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how), self.running() as running, self.occupied(running):
                processes = [self.forwarder(running), *children_of(self.forwarder(running))]
                before = time.monotonic()
                running.stop(how)
                self.assertTrue(wait_until(lambda: not any(is_alive(one) for one in processes), 5))
                self.assertLess(time.monotonic() - before, 2)
                self.assertFalse(self.path.exists())

    def test_end_of_the_forward_proxy_leaves_the_tokens(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            os.kill(self.forwarder(running), signal.SIGKILL)
            self.assertTrue(wait_until(lambda: self.metric(running, "forward_running") == 0))
            with running.connect() as client:
                client.token()
            with self.assertRaises(ConnectionRefusedError):
                self.connect()
        self.assertIn(b"level=error event=forward_ended", running.log)
        with self.running():
            self.assertEqual(self.call("GET", DEVICES)[0], 200, "what was left behind is in nobody's way")

    def test_processes_know_no_secret_but_the_token(self) -> None:
        self.device.settings["client"] = {"id": self.server.client_id, "secret": CLIENT_SECRET}
        with self.running() as running:
            self.call("GET", DEVICES)
            forwarder = self.forwarder(running)
            for secret in (CLIENT_SECRET, PASSWORD):
                self.assertTrue(holds(running.process.pid, secret), "seen where it is known to be")
                self.assertFalse(holds(forwarder, secret), "forward proxy")
            self.assertFalse(holds(forwarder, self.server.tokens_issued[0]))
            self.wait_for_calls(running, 0)
            with self.connect() as client:
                client.sendall(GET[:20])
                [call] = self.wait_for_calls(running, 1)
                for secret in (CLIENT_SECRET, PASSWORD):
                    self.assertFalse(holds(call, secret), "call")

    def test_call_has_no_descriptor_but_its_own(self) -> None:
        with self.running() as running, self.connect() as client:
            client.sendall(GET[:20])
            [call] = self.wait_for_calls(running, 1)
            self.assertTrue(wait_until(lambda: len(os.listdir(f"/proc/{call}/fd")) == 4))

    def test_new_configuration(self) -> None:
        with self.running() as running:
            self.call("GET", DEVICES)
            other = self.new_server()
            self.device.settings["server"] = {"url": other.url, "ca_file": str(other.chain.ca_file)}
            self.device.write_configuration()
            self.assertEqual(self.call("GET", DEVICES)[0], 200, "nobody has said so")
            running.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: self.call("GET", DEVICES)[0] == 200 and len(other.requests) >= 2))

    def test_threads_of_calls_at_once(self) -> None:
        with self.running():
            results = []
            threads = [threading.Thread(target=lambda: results.append(self.call("POST", DEVICES, bytes(100_000)))) for _ in range(12)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            self.assertEqual([(status, len(body)) for status, _, body in results], 12 * [(201, 100_000)])


def is_alive(process: int) -> bool:
    """And no zombie of somebody who does not care."""
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def holds(process: int, secret: str) -> bool:
    """Whether a secret is anywhere in the memory of a process."""
    found = traces(secret)
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps, open(f"/proc/{process}/mem", "rb") as memory:
        for line in maps:
            span, access = line.split()[:2]
            begin, end = (int(number, 16) for number in span.split("-"))
            if "rw" in access and end - begin < 1 << 26:
                with contextlib.suppress(OSError, OverflowError, ValueError):
                    memory.seek(begin)
                    data = memory.read(end - begin)
                    if any(trace in data for trace in found):
                        return True
    return False


if __name__ == "__main__":
    unittest.main()
