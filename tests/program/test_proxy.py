# SPDX-License-Identifier: Apache-2.0
"""Through an HTTP proxy: Debian's tinyproxy, and proxies that do not do what they should."""

import resource
import time
import unittest

from harness import (  # first: it sets the module path
    CLIENT_SECRET,
    EXIT_UNREACHABLE,
    EXIT_UNTRUSTED,
    EXIT_USAGE,
    PASSWORD,
    Device,
    ProgramTest,
)
import proxies
from proxies import OwnProxy, Relay, Tinyproxy
from transport import Listener, SilentServer

USER = "gateway"
PROXY_PASSWORD = "Pr0xy-Secret"  # tinyproxy takes no other characters
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ProxyTest(ProgramTest):
    """Devices that reach the server through a proxy."""

    def use_proxy(self, proxy: Listener | Tinyproxy, user: str = "", password: str = "") -> Device:
        """A new device that does so."""
        self.device = self.new_device()
        credentials = f"{user}@" if user else ""
        server = self.device.settings["server"]
        server["proxy"] = f"http://{credentials}localhost:{proxy.port}"
        if password:
            server["proxy_password_file"] = self.device.write("proxy-password", password + "\n")
        return self.device

    def server_saw_nothing(self) -> None:
        """Not even a connection."""
        self.assertEqual(self.server.count_connections(), 0)


@unittest.skipUnless(proxies.is_installed(), f"apt-get install {proxies.PACKAGE}")
class Real(ProxyTest):
    """tinyproxy, and what it gets to see."""

    def new_proxy(self, **settings: str | int) -> Tinyproxy:
        """A tinyproxy that leads to the server, unless told otherwise."""
        return self.enterContext(Tinyproxy(**{"connect_port": self.server.port} | settings))

    def new_relay(self, proxy: Tinyproxy) -> Relay:
        """What stands in front of it and records."""
        return self.enterContext(Relay(proxy.port))

    def test_token_and_api_request_share_one_tunnel(self) -> None:
        relay = self.new_relay(self.new_proxy())
        device = self.use_proxy(relay)
        self.assert_done(device.run("request", "GET", "/Connect/api/devices"))
        self.assertEqual(self.server.token_requests, 1)
        self.assertEqual(relay.count_connections(), 1)
        self.assert_done(device.run("token", "--force"))
        self.assertEqual(relay.count_connections(), 2)
        self.assertEqual(self.server.count_connections(), 2)

    def test_proxy_sees_the_name_of_the_server_and_no_secret(self) -> None:
        relay = self.new_relay(self.new_proxy(user=USER, password=PROXY_PASSWORD))
        device = self.use_proxy(relay, USER, PROXY_PASSWORD)
        self.assert_done(device.run("request", "POST", "/Connect/api/devices", "--data", "-", stdin=b"x"))
        self.assertTrue(relay.settle())
        seen = relay.received()
        self.assertIn(b"CONNECT localhost:%d HTTP/1.1\r\n" % self.server.port, seen)
        secrets = [CLIENT_SECRET, PASSWORD, *self.server.tokens_issued]
        self.assertEqual(len(secrets), 3)
        self.assert_no_secret(seen, secrets)
        self.assertNotIn(b"Bearer", seen)
        for secret in [*secrets, PROXY_PASSWORD]:  # The search finds what there is to find.
            with self.assertRaises(AssertionError):
                self.assert_no_secret(self.server.received() + seen, [secret])

    def test_server_sees_nothing_of_the_proxys_credentials(self) -> None:
        device = self.use_proxy(self.new_proxy(user=USER, password=PROXY_PASSWORD), USER, PROXY_PASSWORD)
        self.assert_done(device.run("token"))
        self.assert_no_secret(self.server.received(), [PROXY_PASSWORD])
        self.assertNotIn(b"proxy", self.server.received().lower())

    def test_password_comes_from_wherever_secrets_do(self) -> None:
        proxy = self.new_proxy(user=USER, password=PROXY_PASSWORD)
        credentials = self.new_device().directory
        (credentials / "proxy_password").write_text(PROXY_PASSWORD)
        for environment, setting in (
            ({"CONNECT_AUTH_PROXY_PASSWORD": PROXY_PASSWORD}, {}),
            ({"CREDENTIALS_DIRECTORY": str(credentials)}, {}),
            ({}, {"proxy_password": PROXY_PASSWORD}),
        ):
            with self.subTest(environment=environment, setting=setting):
                device = self.use_proxy(proxy, "gate%77ay")
                device.environment |= environment
                device.settings["server"] |= setting
                self.assert_done(device.run("token"))

    def test_wrong_password_or_none_is_a_matter_of_configuration(self) -> None:
        proxy = self.new_proxy(user=USER, password=PROXY_PASSWORD)
        for user, password, mentions, status in (  # tinyproxy has a status of its own for the first
            (USER, "wr0ng-Secret", "does not accept the user in its URL with the password in ", 401),
            ("", "", "wants a user and a password", 407),
        ):
            with self.subTest(user=user):
                outcome = self.use_proxy(proxy, user, password).run("token")
                self.assert_fails(outcome, EXIT_USAGE, mentions=mentions)
                self.assertIn(f"(HTTP {status})", outcome.stderr.decode())
                self.assert_no_secret(outcome.stderr, ["wr0ng-Secret"])
        self.server_saw_nothing()

    def test_proxy_that_does_not_connect_to_the_port(self) -> None:
        proxy = self.new_proxy(connect_port=self.server.port ^ 1)
        outcome = self.use_proxy(proxy).run("token")
        self.assert_fails(outcome, EXIT_UNREACHABLE, mentions="makes no connection to localhost:")
        self.assertIn("(HTTP 403)", outcome.stderr.decode())
        self.server_saw_nothing()

    def test_server_that_is_down_behind_the_proxy(self) -> None:
        proxy = self.new_proxy()
        self.server.stop()
        outcome = self.use_proxy(proxy).run("token")
        self.assert_fails(outcome, EXIT_UNREACHABLE, mentions=f"the proxy localhost:{proxy.port} ")

    def test_no_proxy(self) -> None:
        relay = self.new_relay(self.new_proxy())
        for exempt, listed in ((True, "example.com, localhost"), (True, "*"), (False, "host local"), (False, "")):
            with self.subTest(listed=listed):
                device = self.use_proxy(relay)
                device.settings["server"] |= {"no_proxy": listed} if listed else {}
                before = relay.count_connections()
                self.assert_done(device.run("token"))
                self.assertEqual(relay.count_connections() - before, 0 if exempt else 1)

    def test_environment_does_not_count(self) -> None:
        relay = self.new_relay(self.new_proxy())
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "http_proxy"):
            self.device.environment[name] = f"http://localhost:{relay.port}"
        self.assert_done(self.device.run("token"))
        self.assertEqual(relay.count_connections(), 0)

    def test_certificate_is_verified_as_ever(self) -> None:
        proxy = self.new_proxy()
        self.use_proxy(proxy).settings["server"]["url"] = f"https://127.0.0.1:{self.server.port}"
        self.assert_done(self.device.run("token"))
        wrong = self.new_server("wrong_host")
        relay = self.new_relay(self.new_proxy(connect_port=wrong.port))
        self.use_proxy(relay).settings["server"]["url"] = wrong.url
        self.assert_fails(self.device.run("token"), EXIT_UNTRUSTED)
        self.assert_nothing_sent(wrong)

    def test_doctor_names_the_proxy(self) -> None:
        proxy = self.new_proxy(user=USER, password=PROXY_PASSWORD)
        outcome = self.use_proxy(proxy, USER, PROXY_PASSWORD).run("doctor")
        self.assert_done(outcome)
        text = outcome.stdout.decode()
        self.assertIn(f"proxy: localhost:{proxy.port} connects to localhost, port {self.server.port}\n", text)
        self.assertIn(f"connection: port {proxy.port} is open\n", text)

    def test_doctor_tells_what_the_proxy_says(self) -> None:
        proxy = self.new_proxy(user=USER, password=PROXY_PASSWORD)
        outcome = self.use_proxy(proxy, USER, "wr0ng-Secret").run("doctor")
        self.assertEqual(outcome.code, EXIT_USAGE)
        self.assertRegex(outcome.stdout.decode(), r"(?m)^fail +proxy: the proxy localhost:.* \(HTTP 401\)")
        self.assert_no_secret(outcome.stdout + outcome.stderr, ["wr0ng-Secret"])

    def test_doctor_warns_of_a_readable_password(self) -> None:
        device = self.use_proxy(self.new_proxy(user=USER, password=PROXY_PASSWORD), USER, PROXY_PASSWORD)
        (device.directory / "proxy-password").chmod(0o644)
        self.assertRegex(device.run("doctor").stdout.decode(), r"(?m)^warn .*proxy-password is open to other")


class Unusable(ProxyTest):
    """Proxies that are not there, and others that might as well not be."""

    def test_proxy_that_is_down_or_has_no_name(self) -> None:
        with SilentServer() as gone:
            pass
        device = self.use_proxy(gone)
        self.assert_fails(device.run("token"), EXIT_UNREACHABLE, mentions=f"to the proxy localhost:{gone.port}: ")
        device.settings["server"]["proxy"] = "http://no-such-proxy.invalid:3128"
        self.assert_fails(device.run("token"), EXIT_UNREACHABLE, mentions="to the proxy no-such-proxy.invalid:3128: ")
        doctor = device.run("doctor")
        self.assertRegex(doctor.stdout.decode(), r"(?m)^fail +name resolution: cannot connect to the proxy no-such")
        self.server_saw_nothing()

    def test_doctor_tells_that_the_environment_does_not_count(self) -> None:
        self.server.stop()
        self.device.environment["https_proxy"] = "http://proxy.example:3128"
        self.assertIn(b"https_proxy in the environment does not count", self.device.run("doctor").stdout)

    def test_proxy_that_says_nothing_is_waited_for_without_work(self) -> None:
        silent = self.enterContext(SilentServer())
        device = self.use_proxy(silent)
        device.settings["limits"]["connect_timeout"] = "4"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        outcome = device.run("token")
        self.assert_fails(outcome, EXIT_UNREACHABLE, mentions=f"the proxy localhost:{silent.port} made no connection")
        self.assertGreater(time.monotonic() - began, 3.8)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2.0)
        self.assert_nothing_sent(silent)

    def answers(self, code: int, mentions: str, *arguments: object, **more: object) -> None:
        """How a run ends whose proxy answers so."""
        with self.subTest(arguments), OwnProxy(*arguments, **more) as proxy:
            outcome = self.use_proxy(proxy).run("token")
            self.assert_fails(outcome, code, mentions=mentions)
            self.assertIn(f"localhost:{proxy.port}", outcome.stderr.decode())
            self.assertTrue(proxy.settle())
            self.assert_no_secret(proxy.received(), [CLIENT_SECRET, PASSWORD])

    def test_refusals(self) -> None:
        for status in (302, 400, 403, 502, 503, 504):
            self.answers(
                EXIT_UNREACHABLE, f"(HTTP {status})",
                b"HTTP/1.1 %d No\r\nContent-Length: 4\r\nLocation: /login\r\n\r\npage" % status, hangs_up=True,
            )
        self.answers(EXIT_USAGE, "(HTTP 407)", b"HTTP/1.0 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n", hangs_up=True)
        self.server_saw_nothing()

    def test_what_is_no_proxy(self) -> None:
        page = b"<html>Accept our terms first</html>"
        for answer in (
            b"", b"HTTP/1.1 200 OK\r\nContent-", page, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page) + page,
        ):
            self.answers(EXIT_UNREACHABLE, "does not answer as an HTTP proxy does", answer, hangs_up=True)

    def test_page_instead_of_the_server(self) -> None:
        """The page comes so late that it stands where the server should speak."""
        self.answers(
            EXIT_UNTRUSTED, "does not speak TLS", ESTABLISHED, afterwards=b"HTTP/1.1 200 OK\r\n\r\nLog in", hangs_up=True
        )

    def test_proxy_that_leads_elsewhere(self) -> None:
        other = self.new_server("wrong_host")
        with OwnProxy(ESTABLISHED, then=other.port) as proxy:
            outcome = self.use_proxy(proxy).run("token")
            self.assert_fails(outcome, EXIT_UNTRUSTED, mentions="is for another host")
        self.assert_nothing_sent(other)

    def test_proxys_answer_in_small_pieces_and_after_interim_ones(self) -> None:
        answer = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 7\r\nX: %s\r\n\r\n" % (b"y" * 3000)
        with OwnProxy(answer, then=self.server.port) as proxy:
            self.assert_done(self.use_proxy(proxy).run("token"))


class Settings(ProxyTest):
    """What is wrong is told before anything is sent."""

    def refuse(self, mentions: str, **settings: str) -> None:
        """Exit 2, and no connection."""
        with self.subTest(settings):
            self.device = self.new_device()
            self.device.settings["server"] |= settings
            outcome = self.device.run("token")
            self.assert_refused_before_connecting(outcome, mentions=mentions)
            self.assert_no_secret(outcome.stderr, [PROXY_PASSWORD])

    def test_urls_that_name_no_proxy(self) -> None:
        for url in (
            "proxy.example:3128", "https://proxy.example:3128", "socks5://proxy.example:1080", "http://proxy.example",
            "http://proxy.example:0", "http://proxy.example:65536", "http://proxy.example:3128/path", "http://:3128",
            "http://[::1", "http://[::1]", "http://@proxy.example:3128", "http://a%3Ab@proxy.example:3128",
            "http://a%0Ab@proxy.example:3128", "http://a%4@proxy.example:3128",
        ):
            self.refuse("proxy in [server] is not http://[USER@]HOST:PORT", proxy=url)

    def test_password_in_the_url(self) -> None:
        self.refuse("holds a password", proxy=f"http://{USER}:{PROXY_PASSWORD}@proxy.example:3128")
        self.refuse("holds a password", proxy=f"http://{USER}:{PROXY_PASSWORD}/@proxy.example:3128")
        outcome = self.device.run("--server-proxy-password", PROXY_PASSWORD, "token")
        self.assert_refused_before_connecting(outcome, mentions="CONNECT_AUTH_PROXY_PASSWORD")
        self.assert_no_secret(outcome.stderr, [PROXY_PASSWORD])

    def test_user_and_password_go_together(self) -> None:
        self.refuse("no password for the proxy is configured", proxy=f"http://{USER}@proxy.example:3128")
        self.refuse("and no user", proxy="http://proxy.example:3128", proxy_password=PROXY_PASSWORD)
        password = self.device.write("two-lines", f"{PROXY_PASSWORD}\nmore\n")
        self.refuse("holds a control character", proxy=f"http://{USER}@proxy.example:3128", proxy_password_file=password)

    def test_no_proxy_that_would_never_match(self) -> None:
        for listed in ("10.0.0.0/8", "*.example.com", "localhost:443", "localhost; example.com"):
            self.refuse("no_proxy in [server]", proxy="http://proxy.example:3128", no_proxy=listed)

    def test_firmware_knows_no_proxy(self) -> None:
        self.device.settings["device"] = {"key_file": self.device.write("device-key", bytes(range(32)))}
        self.device.settings["server"]["proxy"] = "http://proxy.example:3128"
        outcome = self.device.run("provision", "-")
        self.assert_refused_before_connecting(outcome, mentions="the firmware knows no proxy")
        self.device.settings["server"]["no_proxy"] = "localhost"
        self.assert_done(self.device.run("provision", "-"))


if __name__ == "__main__":
    unittest.main()
