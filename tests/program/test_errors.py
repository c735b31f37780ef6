# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and which exit code says so."""

import os
import pathlib
import time
import unittest

from harness import (
    EXIT_DONE,
    EXIT_NEEDS_CODE,
    EXIT_REFUSED,
    EXIT_STORAGE,
    EXIT_UNREACHABLE,
    ProgramTest,
    program,
)
from oauth_server import Canned, Ending, Fault
from transport import SilentServer

EMULATED = bool(os.environ.get("CONNECT_AUTH_EMULATED"))
SANITIZED = b"libasan" in pathlib.Path(program()).read_bytes()
# Beyond the configured limit: start-up, sanitizers, a loaded machine.
SLACK_SECONDS = 8.0


class Refused(ProgramTest):
    """The server understood and said no."""

    def test_wrong_client_secret(self) -> None:
        self.device.use_client_secret("wrong-secret")
        self.assert_fails(self.device.run("token"), EXIT_REFUSED)
        self.assertEqual(self.server.token_requests, 1)

    def test_wrong_password_costs_one_attempt_only(self) -> None:
        self.device.use_password(self.server.username, "wrong-password")
        self.assert_fails(self.device.run("token"), EXIT_REFUSED)
        self.assertEqual(self.server.failed_logins, 1)
        self.assertEqual(self.server.token_requests, 1)

    def test_wrong_path_is_named(self) -> None:
        self.device.settings["server"]["token_path"] = "/Connect/token"
        self.assert_fails(self.device.run("token"), EXIT_REFUSED, mentions="/Connect/token")

    def test_statuses_of_the_token_endpoint(self) -> None:
        for status in (400, 401, 403, 404, 405, 410, 422):
            with self.subTest(status=status):
                self.server.fault = Fault(status)
                self.device = self.new_device()
                self.assert_fails(self.device.run("token"), EXIT_REFUSED)

    def test_failed_renewal_keeps_the_stored_token(self) -> None:
        first = self.device.run("token").token
        self.server.fault = Fault(503)
        self.assert_fails(self.device.run("token", "--force"), EXIT_UNREACHABLE)
        again = self.device.run("token")
        self.assertEqual((again.code, again.token), (EXIT_DONE, first))


class Unreachable(ProgramTest):
    """No answer, or not now."""

    def test_server_is_down(self) -> None:
        self.server.stop()
        self.assert_fails(self.device.run("token"), EXIT_UNREACHABLE)

    def test_unknown_host(self) -> None:
        self.device.settings["server"]["url"] = "https://no-such-host.invalid"
        outcome = self.device.run("token")
        self.assert_fails(outcome, EXIT_UNREACHABLE, mentions="no-such-host.invalid")

    def test_busy_server(self) -> None:
        for status in (408, 429, 500, 502, 503, 504):
            with self.subTest(status=status):
                self.server.fault = Fault(status, (("Retry-After", "120"),))
                before = self.server.token_requests
                outcome = self.device.run("token")
                self.assert_fails(outcome, EXIT_UNREACHABLE)
                self.assertEqual(self.server.token_requests, before + 1)
                self.assertLess(outcome.seconds, 20)

    def test_recovers_when_the_server_does(self) -> None:
        self.server.fault = Fault(503, remaining=1)
        self.assert_fails(self.device.run("token"), EXIT_UNREACHABLE)
        self.assert_done(self.device.run("token"))

    def ends_in_time(self, limit: float) -> None:
        """Exit 5, neither before the limit nor long after it."""
        began = time.monotonic()
        self.assert_fails(self.device.run("token"), EXIT_UNREACHABLE)
        self.assertLess(time.monotonic() - began, limit + SLACK_SECONDS)
        self.assertGreater(time.monotonic() - began, limit - 0.2)

    def test_server_that_accepts_and_says_nothing(self) -> None:
        self.device.settings["limits"] = {"timeout": "30", "connect_timeout": "1"}
        with SilentServer() as server:
            self.device.settings["server"]["url"] = server.url
            self.ends_in_time(1)
            self.assert_nothing_sent(server)

    def test_server_that_never_answers_the_request(self) -> None:
        self.device.settings["limits"] = {"timeout": "2", "connect_timeout": "2"}
        self.server.response_delay = 600
        self.ends_in_time(2)

    def test_server_that_trickles(self) -> None:
        self.device.settings["limits"] = {"timeout": "2", "connect_timeout": "2"}
        self.server.next_responses.append(
            Canned(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        )
        self.ends_in_time(2)


class Storage(ProgramTest):
    """Without a store no code is spent. All else about stores is in test_store.py."""

    def test_code_is_not_sent_when_it_cannot_be_marked_as_spent(self) -> None:
        file = self.device.write("file", "in the way")
        self.device.settings["store"]["path"] = f"{file}/store"
        self.device.use_code(self.server.add_code())
        self.assert_fails(self.device.run("token"), EXIT_STORAGE)
        self.assertEqual(self.server.requests, [])


class Codes(ProgramTest):
    """An authorisation code is sent once, whatever comes of it."""

    def setUp(self) -> None:
        super().setUp()
        self.device.use_code(self.server.add_code())

    def assert_spent(self) -> None:
        """Another run asks for a new code and does not send the old one again."""
        before = self.server.token_requests
        for arguments in (("token", "--force"), ("token", "--force")):
            self.assert_fails(self.device.run(*arguments), EXIT_NEEDS_CODE)
        self.assertTrue(self.server.settle())
        self.assertEqual(self.server.token_requests, before)

    def test_code_brings_a_token_once(self) -> None:
        first = self.device.run("token")
        again = self.device.run("token")

        self.assert_done(first)
        self.assert_done(again)
        self.assertEqual(first.token, again.token)
        self.assertEqual(self.server.token_requests, 1)
        self.assert_spent()

    def test_spent_code_stays_spent_after_logout(self) -> None:
        self.assert_done(self.device.run("token"))
        self.assertEqual(self.device.run("logout").code, EXIT_DONE)
        self.assert_spent()

    def test_new_code_works_after_a_spent_one(self) -> None:
        self.assert_done(self.device.run("token"))
        self.device.use_code(self.server.add_code())
        self.assert_done(self.device.run("token", "--force"))
        self.assertEqual(self.server.token_requests, 2)

    def test_refused_code_needs_a_new_one(self) -> None:
        for error in ("invalid_grant", "invalid_request"):  # the vendor's library says the latter
            with self.subTest(error=error):
                self.server.code_error = error
                self.device.use_code(f"wrong-code-{error}")
                self.assert_fails(self.device.run("token"), EXIT_NEEDS_CODE)
                self.assert_spent()

    def test_lost_answer_spends_the_code(self) -> None:
        self.server.next_responses.append(Canned(b"HTTP/1.1 200 OK\r\n", Ending.ABRUPT))
        self.assertNotEqual(self.device.run("token").code, EXIT_DONE)
        self.assert_spent()

    def test_busy_server_spends_the_code(self) -> None:
        self.server.fault = Fault(503)
        self.assertNotEqual(self.device.run("token").code, EXIT_DONE)
        self.server.fault = None
        self.assert_spent()

    def test_death_after_sending_spends_the_code(self) -> None:
        self.server.response_delay = 600
        process = self.device.start("token")
        self.assertTrue(self.server.wait_for(lambda: self.server.token_requests == 1))
        process.kill()
        process.communicate()
        before = self.server.token_requests
        for _ in range(2):
            self.assert_fails(self.device.run("token", "--force"), EXIT_NEEDS_CODE)
        self.assertEqual(self.server.token_requests, before)

    def test_unreachable_server_does_not_spend_the_code(self) -> None:
        closed = self.new_server()
        closed.stop()
        outcome = self.device.run("--server-url", closed.url, "token")
        self.assert_fails(outcome, EXIT_UNREACHABLE)
        self.assert_done(self.device.run("token"))

    def test_wrong_redirect_uri_is_refused(self) -> None:
        self.device.use_code(self.server.add_code(redirect_uri="https://a.example/"),
                             "https://b.example/")
        self.assert_fails(self.device.run("token"), EXIT_NEEDS_CODE)


@unittest.skipIf(EMULATED or SANITIZED, "they need much memory of their own")
class OutOfMemory(ProgramTest):
    """A machine that is too small."""

    def test_it_is_said(self) -> None:
        self.server.stop()
        self.device.settings["server"]["ca_file"] = self.device.write("ca", self.server.chain.ca_file.read_bytes() * 150)
        said = set()
        for kilobytes in range(3200, 5200, 200):
            self.device.prefix = ["prlimit", f"--as={kilobytes * 1024}"]
            outcome = self.device.run("token")
            self.assertNotEqual(outcome.code, EXIT_DONE)
            said.add(outcome.stderr.decode().rpartition(": ")[2])
        self.assertIn("there is not enough memory\n", said)
        self.assertNotIn("", said)


if __name__ == "__main__":
    unittest.main()
