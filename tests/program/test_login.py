# SPDX-License-Identifier: Apache-2.0
"""`login`: an authorisation code where a person is needed, by the browser or pasted."""

import fcntl
import http.client
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import termios
import time
import unittest
import urllib.parse

from harness import (
    EXIT_NEEDS_CODE,
    EXIT_OTHER,
    EXIT_REFUSED,
    EXIT_STORAGE,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    PASSWORD,
    PATIENCE_SECONDS,
    Outcome,
    ProgramTest,
    finish,
    program,
    wait_until,
)


def free_port() -> int:
    """A port that nobody listens on, with luck until it is used."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def parameters(url: str) -> dict[str, str]:
    """Those of an address, each of which stands there once."""
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, strict_parsing=True)
    found = dict(pairs)
    assert len(found) == len(pairs), url
    return found


def changed(url: str, **values: str) -> str:
    """An address with other values of some parameters."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(query=urllib.parse.urlencode(parameters(url) | values)).geturl()


def go(url: str, method: str = "GET") -> tuple[int, str]:
    """What a browser is shown at an address of the listener."""
    parts = urllib.parse.urlsplit(url)
    browser = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
    try:
        browser.request(method, f"{parts.path}?{parts.query}")
        response = browser.getresponse()
        return response.status, response.read().decode()
    finally:
        browser.close()


class LoginTest(ProgramTest):
    """A device for the code grant, and a browser on the same machine."""

    def setUp(self) -> None:
        super().setUp()
        self.use_redirect_uri(f"http://127.0.0.1:{free_port()}/callback")

    def use_redirect_uri(self, uri: str, **more: str) -> None:
        """Registers it with the server, and configures it."""
        self.server.registered_redirect_uri = uri
        self.device.settings["grant"] = {"type": "authorization_code", "redirect_uri": uri} | more

    def begin(self, *arguments: str) -> tuple[subprocess.Popen[bytes], str]:
        """A login that waits, and the address that it shows."""
        process = self.device.start("login", *arguments)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        url = process.stdout.readline().decode()
        self.assertRegex(url, r"\Ahttps://[!-~]+\n\Z")
        return process, url.removesuffix("\n")

    def log_in(self, url: str) -> str:
        """Where the authorize page sends the browser."""
        parts = urllib.parse.urlsplit(url)
        trust = ssl.create_default_context(cafile=str(self.server.chain.ca_file))
        browser = http.client.HTTPSConnection(
            parts.hostname, parts.port, context=trust, timeout=PATIENCE_SECONDS
        )
        try:
            browser.request("GET", f"{parts.path}?{parts.query}")
            response = browser.getresponse()
            self.assertEqual(response.status, 302, response.read())
            return response.getheader("Location")
        finally:
            browser.close()

    def paste(self, process: subprocess.Popen[bytes], text: str) -> Outcome:
        """Ends a login with what is pasted."""
        return finish(process, text.encode() + b"\n")

    def assert_logged_in(self, outcome: Outcome) -> None:
        """One token came of it, and is at hand."""
        self.assert_done(outcome)
        self.assertEqual(self.server.token_requests, 1)
        self.assertEqual(self.device.run("token").token, self.server.tokens_issued[0])
        self.assertEqual(self.server.token_requests, 1)

    def token_form(self) -> dict[str, str]:
        """What the token endpoint was sent."""
        body = [one.body for one in self.server.requests if one.path == self.server.token_path][-1]
        return dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))


class Loopback(LoginTest):
    """The browser brings the code."""

    def test_browser_on_the_same_machine(self) -> None:
        self.server.issue_refresh_tokens = True
        process, url = self.begin()
        status, page = go(self.log_in(url))
        self.assertEqual(status, 200)
        self.assertIn("The code has arrived", page)
        self.assert_logged_in(finish(process))
        self.assertEqual(self.token_form().keys(), {"grant_type", "code"})
        self.device.go_on_later(4000)
        self.assertEqual(self.device.run("token").token, self.server.tokens_issued[1])
        self.assertEqual(self.server.refresh_requests, 1)

    def test_page_gets_no_more_than_it_needs(self) -> None:
        _, url = self.begin()
        self.assertTrue(url.startswith(f"{self.server.url}/Connect/oauth/authorize?"), url)
        self.assertEqual(parameters(url).keys(), {"response_type", "client_id", "state"})

    def test_each_login_has_a_state_of_its_own(self) -> None:
        states = set()
        for _ in range(3):
            process, url = self.begin()
            states.add(parameters(url)["state"])
            process.kill()
            process.wait()
        self.assertEqual([len(one) for one in states], [43, 43, 43])

    def test_redirect_uri_and_pkce_where_they_are_wanted(self) -> None:
        uri = self.server.registered_redirect_uri
        self.use_redirect_uri(uri, send_redirect_uri="yes", pkce="yes")
        process, url = self.begin()
        asked = parameters(url)
        self.assertEqual(asked["redirect_uri"], uri)
        self.assertEqual(asked["code_challenge_method"], "S256")
        go(self.log_in(url))
        self.assert_logged_in(finish(process))
        form = self.token_form()
        self.assertEqual(form["redirect_uri"], uri)
        self.assertRegex(form["code_verifier"], r"\A[A-Za-z0-9_-]{43}\Z")
        self.assertNotIn(form["code_verifier"], url)

    def test_challenge_of_somebody_else_is_found_out_by_the_server(self) -> None:
        self.device.settings["grant"]["pkce"] = "yes"
        process, url = self.begin()
        go(self.log_in(changed(url, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")))
        outcome = finish(process)
        self.assert_fails(outcome, EXIT_NEEDS_CODE, mentions="connect-auth login")

    def test_other_names_of_this_machine(self) -> None:
        for host in ("localhost", "[::1]"):
            with self.subTest(host):
                self.use_redirect_uri(f"http://{host}:{free_port()}/")
                process, url = self.begin()
                self.assertEqual(go(self.log_in(url))[0], 200)
                self.assert_done(finish(process))

    def test_listens_on_the_loopback_interface_only(self) -> None:
        # As the kernel of a little-endian machine writes them.
        ipv4, ipv6 = "0100007F", "0" * 24 + "01000000"
        for host, addresses in (
            ("127.0.0.1", [ipv4]), ("localhost", [ipv4, ipv6]), ("[::1]", [ipv6])
        ):
            with self.subTest(host):
                port = free_port()
                self.use_redirect_uri(f"http://{host}:{port}/")
                self.begin()
                found = set()
                for table in ("tcp", "tcp6"):
                    lines = pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]
                    for fields in map(str.split, lines):
                        address, listening = fields[1], fields[3] == "0A"
                        if listening and address.endswith(f":{port:04X}"):
                            found.add(address.partition(":")[0])
                self.assertEqual(found, set(addresses))

    def test_what_is_not_the_answer_changes_nothing(self) -> None:
        process, url = self.begin()
        answer = self.log_in(url)
        other = urllib.parse.urlsplit(answer)._replace(path="/favicon.ico").geturl()
        self.assertEqual(go(other)[0], 404)
        self.assertEqual(go(answer, "POST")[0], 405)
        state = parameters(answer)["state"]
        for wrong in (state[:-1], state + "A", state.swapcase(), ""):
            self.assertEqual(go(changed(answer, state=wrong))[0], 400)
            self.assertEqual(go(changed(answer, state=wrong, error="access_denied"))[0], 400)
        self.assertEqual(go(answer + "&state=" + state)[0], 400)
        self.assertEqual(go(answer.partition("?")[0])[0], 400)
        self.assertIsNone(process.poll())
        self.assertEqual(go(answer)[0], 200)
        self.assert_logged_in(finish(process))

    def test_refusal_of_the_page(self) -> None:
        for error, code in (("access_denied", EXIT_REFUSED), ("server_error", EXIT_UNREACHABLE)):
            with self.subTest(error):
                self.server.authorize_error = error
                process, url = self.begin()
                status, page = go(self.log_in(url))
                self.assertEqual(status, 200)
                self.assertIn("no code", page)
                self.assert_fails(finish(process), code, mentions=error)
        self.assertEqual(self.server.token_requests, 0)

    def test_words_of_a_stranger_are_not_repeated(self) -> None:
        self.server.authorize_error = "planted\x1b[2Jwords"
        process, url = self.begin()
        go(self.log_in(url))
        outcome = finish(process)
        self.assert_fails(outcome, EXIT_REFUSED)
        self.assertNotIn(b"planted", outcome.stderr)

    def test_nobody_comes(self) -> None:
        process, _ = self.begin("--limits-login-timeout=1")
        began = time.monotonic()
        self.assertTrue(wait_until(lambda: process.poll() is not None))
        self.assertLess(time.monotonic() - began, 20)
        self.assert_fails(finish(process), EXIT_NEEDS_CODE, mentions="within 1 s")
        self.assertEqual(self.server.token_requests, 0)

    def test_port_that_somebody_has(self) -> None:
        port = urllib.parse.urlsplit(self.server.registered_redirect_uri).port
        with socket.create_server(("127.0.0.1", port)):
            outcome = self.device.run("login")
            self.assert_fails(outcome, EXIT_OTHER, mentions=f"127.0.0.1:{port}")
            self.use_redirect_uri(f"http://localhost:{port}/")
            self.assert_fails(self.device.run("login"), EXIT_OTHER, mentions="localhost")

    def test_port_is_free_again_at_once(self) -> None:
        for _ in range(2):
            process, url = self.begin()
            go(self.log_in(url))
            self.assert_done(finish(process))

    def test_hostile_neighbours_do_not_keep_the_browser_out(self) -> None:
        process, url = self.begin()
        answer = self.log_in(url)
        place = urllib.parse.urlsplit(answer)
        for part in (b"", b"G", b"GET /callback?code=x HTTP/1.1\r\nHost: x\r\n") * 10:
            stalling = self.enterContext(socket.create_connection((place.hostname, place.port)))
            stalling.sendall(part)
        with socket.create_connection((place.hostname, place.port)) as flood:
            flood.settimeout(PATIENCE_SECONDS)
            try:
                flood.sendall(b"x" * 1_000_000)
                self.assertTrue(flood.recv(100).startswith(b"HTTP/1.1 431 "))
            except ConnectionError:
                pass  # It did not want to hear all of it.
        with socket.create_connection((place.hostname, place.port)) as garbage:
            garbage.sendall(b"\x16\x03\x01\x00\xff\r\n\r\n")
            self.assertTrue(garbage.recv(100).startswith(b"HTTP/1.1 400 "))
        began = time.monotonic()
        self.assertEqual(go(answer)[0], 200)
        self.assertLess(time.monotonic() - began, 5)
        self.assert_logged_in(finish(process))

    def test_request_in_pieces(self) -> None:
        process, url = self.begin()
        place = urllib.parse.urlsplit(self.log_in(url))
        with socket.create_connection((place.hostname, place.port)) as browser:
            browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in f"GET {place.path}?{place.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode():
                browser.sendall(bytes([octet]))
            self.assertTrue(browser.recv(100).startswith(b"HTTP/1.1 200 "))
        self.assert_logged_in(finish(process))

    def test_nothing_of_it_shows_up(self) -> None:
        self.server.response_delay = 1
        self.device.settings["grant"]["pkce"] = "yes"
        process, url = self.begin("--verbose")
        answer = self.log_in(url)
        code = parameters(answer)["code"]
        state = parameters(answer)["state"]
        go(changed(answer, state="wrong"))
        go(answer)
        self.assertTrue(self.server.wait_for(lambda: self.server.token_requests == 1))
        arguments = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
        outcome = finish(process)
        self.assertEqual(outcome.code, 0)
        stored = b"".join(path.read_bytes() for path in self.device.stored_files())
        verifier = self.token_form()["code_verifier"]
        secrets = [code, state, verifier]
        self.assert_no_secret(arguments + outcome.stderr + outcome.stdout + stored, secrets)


class Pasted(LoginTest):
    """A person brings the code."""

    def setUp(self) -> None:
        super().setUp()
        self.use_redirect_uri("https://gateway.example/callback")

    def test_address(self) -> None:
        process, url = self.begin()
        self.assert_logged_in(self.paste(process, "\n  " + self.log_in(url) + "#_=_ \r"))

    def test_address_of_an_unknown_redirect_uri(self) -> None:
        del self.device.settings["grant"]["redirect_uri"]
        process, url = self.begin()
        self.assert_logged_in(self.paste(process, self.log_in(url)))

    def test_code(self) -> None:
        process, url = self.begin()
        self.assert_logged_in(self.paste(process, parameters(self.log_in(url))["code"]))

    def test_code_without_a_line_end(self) -> None:
        process, _ = self.begin()
        self.assert_logged_in(finish(process, self.server.add_code().encode()))

    def test_address_where_a_browser_could_have_come(self) -> None:
        self.use_redirect_uri(f"http://localhost:{free_port()}/")
        process, url = self.begin()
        self.assert_logged_in(self.paste(process, self.log_in(url)))

    def test_browser_where_standard_input_has_ended(self) -> None:
        self.use_redirect_uri(f"http://localhost:{free_port()}/")
        process, url = self.begin()
        process.stdin.close()
        process.stdin = None
        self.assertEqual(go(self.log_in(url))[0], 200)
        self.assert_logged_in(finish(process))

    def test_wrong_first_and_right_then(self) -> None:
        process, url = self.begin()
        answer = self.log_in(url)
        self.assert_logged_in(self.paste(process, changed(answer, state="x") + "\n" + answer))

    def test_address_of_another_login(self) -> None:
        process, url = self.begin()
        answer = self.log_in(url)
        for place, words in (
            (changed(answer, state="x" * 43), "state"),
            (answer.partition("&state")[0], "state"),
            (answer.replace("https:", "http:"), "redirect_uri"),
            (answer.replace("gateway.example", "gateway.example.net"), "redirect_uri"),
            (answer.replace("gateway.example", "gateway.example:8443"), "redirect_uri"),
            (answer.replace("gateway.example", "gateway.example@evil.example"), "malformed"),
            (answer.replace("/callback", "/other"), "redirect_uri"),
            (answer.replace("code=", "c0de="), "no code"),
            (url, "redirect_uri"),
            ("", "ended without a code"),
        ):
            with self.subTest(place):
                again, shown = self.begin()
                state = parameters(shown)["state"]
                outcome = self.paste(again, place.replace(parameters(url)["state"], state))
                self.assert_fails(outcome, EXIT_NEEDS_CODE, mentions=words)
        self.assertEqual(self.server.token_requests, 0)
        self.assert_logged_in(self.paste(process, answer))

    def test_refusal_of_the_page(self) -> None:
        self.server.authorize_error = "access_denied"
        process, url = self.begin()
        outcome = self.paste(process, self.log_in(url))
        self.assert_fails(outcome, EXIT_REFUSED, mentions="access_denied")
        self.assertEqual(self.server.token_requests, 0)

    def test_endless_line(self) -> None:
        process, _ = self.begin()
        self.assert_fails(self.paste(process, "x" * 100_000), EXIT_NEEDS_CODE, mentions="ended")
        self.assertEqual(self.server.token_requests, 0)

    def test_code_that_the_server_does_not_know(self) -> None:
        process, _ = self.begin()
        outcome = self.paste(process, "an-unknown-code")
        self.assert_fails(outcome, EXIT_NEEDS_CODE, mentions="connect-auth login")
        self.assert_no_secret(outcome.stderr, ["an-unknown-code"])


class Terminal(LoginTest):
    """A person at a terminal sees what to do, and nobody sees the code."""

    def setUp(self) -> None:
        super().setUp()
        self.person, self.device_side = pty.openpty()
        self.addCleanup(os.close, self.person)
        self.addCleanup(os.close, self.device_side)
        self.screen = b""

    def begin_here(self, *shell: str) -> str:
        """A login at the terminal, and the address that it shows."""
        self.device.write_configuration()
        self.process = subprocess.Popen(
            [*shell, program(), "--config", str(self.device.configuration), "login"],
            stdin=self.device_side, stdout=self.device_side, stderr=self.device_side,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(self.device_side, termios.TIOCSCTTY, 0),
        )
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        return self.read_until(rb"https://\S+(?=\r\n)").decode()

    def read_until(self, pattern: bytes) -> bytes:
        """Waits for something on the screen."""
        while not (found := re.search(pattern, self.screen)):
            ready, _, _ = select.select([self.person], [], [], PATIENCE_SECONDS)
            self.assertTrue(ready, self.screen)
            self.screen += os.read(self.person, 4096)
        return found[0]

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.person)[3] & termios.ECHO)

    def test_pasted_text_is_not_shown(self) -> None:
        self.use_redirect_uri("https://gateway.example/callback")
        answer = self.log_in(self.begin_here())
        self.read_until(rb"paste .*\r\n")
        self.assertFalse(self.echoes())
        wrong = changed(answer, state="x" * 43)
        os.write(self.person, wrong.encode() + b"\n")
        self.read_until(rb"does not belong to this login")
        os.write(self.person, answer.encode() + b"\n")
        self.assertEqual(self.process.wait(PATIENCE_SECONDS), 0)
        self.assertTrue(self.echoes())
        os.write(self.device_side, b"<end>")
        self.read_until(b"<end>")
        self.assert_no_secret(self.screen, [parameters(answer)["code"]])
        self.assertEqual(self.server.token_requests, 1)

    def test_interrupt_leaves_the_terminal_as_it_was(self) -> None:
        self.begin_here()
        self.read_until(rb"paste .*\r\n")
        self.assertFalse(self.echoes())
        os.write(self.person, b"\x03")
        self.assertEqual(self.process.wait(PATIENCE_SECONDS), -signal.SIGINT)
        self.assertTrue(self.echoes())

    def test_in_the_background_it_leaves_the_terminal_alone(self) -> None:
        url = self.begin_here("sh", "-mc", '"$0" "$@" & wait $!')
        self.assertEqual(go(self.log_in(url))[0], 200)
        self.assertEqual(self.process.wait(PATIENCE_SECONDS), 0)
        self.assertTrue(self.echoes())
        self.assertNotIn(b"paste", self.screen)


class Before(LoginTest):
    """What can be found out before is told before somebody logs in."""

    def test_wrong_settings(self) -> None:
        code = self.device.write("code", self.server.add_code())
        grant = {"type": "authorization_code"}
        for settings, words in (
            ({"type": "password", "username": "Administrator",
              "password_file": self.device.write("user-password", PASSWORD)}, "type in [grant]"),
            (grant | {"code_file": code}, "another authorisation code"),
            (grant | {"send_redirect_uri": "yes"}, "no redirect_uri"),
            (grant | {"send_redirect_uri": "maybe"}, "must be no or yes"),
            (grant | {"redirect_uri": "gateway.example"}, "redirect_uri in [grant]"),
            (grant | {"redirect_uri": "http://127.0.0.1:0/"}, "redirect_uri in [grant]"),
            (grant | {"redirect_uri": "https://gateway.example/#x"}, "redirect_uri in [grant]"),
            (grant | {"authorize_path": "oauth"}, "authorize_path in [grant]"),
        ):
            with self.subTest(settings):
                self.device.settings["grant"] = settings
                outcome = self.device.run("login")
                self.assert_refused_before_connecting(outcome, mentions=words)

    def test_store_that_cannot_be_used(self) -> None:
        self.device.settings["store"]["path"] = self.device.write("file", "in the way") + "/store"
        self.assert_fails(self.device.run("login"), EXIT_STORAGE)

    def test_new_code_is_worth_a_try_after_a_refusal(self) -> None:
        self.device.use_client_secret("wrong-secret")
        process, url = self.begin()
        go(self.log_in(url))
        self.assert_fails(finish(process), EXIT_REFUSED)
        self.server.client_secret = "wrong-secret"
        process, url = self.begin()
        go(self.log_in(url))
        self.assert_done(finish(process))
        self.assertEqual(self.server.token_requests, 2)

    def test_arguments(self) -> None:
        self.assert_fails(self.device.run("login", "code"), EXIT_USAGE, mentions="arguments")

    def test_where_a_code_is_needed_it_is_told(self) -> None:
        self.server.issue_refresh_tokens = True
        self.assert_fails(self.device.run("token"), EXIT_NEEDS_CODE, mentions="connect-auth login")
        self.assertEqual(self.next_step(), "connect-auth login")
        process, url = self.begin()
        go(self.log_in(url))
        self.assert_done(finish(process))
        self.assertIsNone(self.next_step())

    def next_step(self) -> str | None:
        """What `status` advises."""
        return json.loads(self.device.run("status", "--json").stdout)["next_step"]


if __name__ == "__main__":
    unittest.main()
