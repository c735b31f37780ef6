# SPDX-License-Identifier: Apache-2.0
"""`code`: a new authorisation code becomes a token, and what comes of a refresh token."""

import json
import unittest

from harness import (
    EXIT_NEEDS_CODE,
    EXIT_REFUSED,
    EXIT_STORAGE,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    PASSWORD,
    ProgramTest,
    finish,
)
from oauth_server import Canned, Ending


class CodeTest(ProgramTest):
    """A device for the code grant, without a code in its configuration."""

    def setUp(self) -> None:
        super().setUp()
        self.device.settings["grant"] = {"type": "authorization_code"}

    def give(self, code: str) -> None:
        """A code that brings a token."""
        self.assert_done(self.device.run("code", "-", stdin=code.encode() + b"\n"))

    def status(self) -> dict[str, object]:
        """What `status --json` says."""
        outcome = self.device.run("status", "--json")
        self.assert_done(outcome)
        return json.loads(outcome.stdout)


class Code(CodeTest):
    """Exchanged at once, and stored."""

    def test_code_on_standard_input_brings_a_token(self) -> None:
        self.give(self.server.add_code())
        self.assertEqual(self.server.token_requests, 1)
        token = self.device.run("token")
        self.assert_done(token)
        self.assertEqual(token.token, self.server.tokens_issued[0])
        self.assertEqual(self.server.token_requests, 1)
        self.assertFalse(self.status()["has_refresh_token"])

    def test_code_in_a_file(self) -> None:
        outcome = self.device.run("code", self.device.write("new-code", self.server.add_code()))
        self.assert_done(outcome)
        self.assertEqual(outcome.stdout, b"")
        self.assert_done(self.device.run("token"))

    def test_code_never_shows_up(self) -> None:
        self.server.response_delay = 1
        code = self.server.add_code()
        process = self.device.start("code", "-", "--verbose")
        process.stdin.write(code.encode())
        process.stdin.close()
        process.stdin = None
        self.assertTrue(self.server.wait_for(lambda: self.server.token_requests == 1))
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            self.assert_no_secret(file.read(), [code])
        outcome = finish(process)
        self.assertEqual(outcome.code, 0)
        stored = b"".join(path.read_bytes() for path in self.device.stored_files())
        self.assert_no_secret(outcome.stderr + outcome.stdout + stored, [code])

    def test_redirect_uri_goes_with_it(self) -> None:
        self.device.settings["grant"]["redirect_uri"] = "https://client.example/"
        self.give(self.server.add_code(redirect_uri="https://client.example/"))

    def test_second_code_replaces_the_token_of_the_first(self) -> None:
        for number in range(2):
            self.give(self.server.add_code())
            self.assertEqual(self.device.run("token").token, self.server.tokens_issued[number])

    def test_code_that_was_used_is_not_sent_again(self) -> None:
        code = self.server.add_code()
        self.give(code)
        outcome = self.device.run("code", "-", stdin=code.encode())
        self.assert_fails(outcome, EXIT_NEEDS_CODE, mentions="has been used already")
        self.assertEqual(self.server.token_requests, 1)

    def test_refused_code_leaves_the_token_as_it_was(self) -> None:
        self.give(self.server.add_code())
        outcome = self.device.run("code", "-", stdin=b"a-wrong-code")
        self.assert_fails(outcome, EXIT_NEEDS_CODE)
        self.assert_no_secret(outcome.stderr, ["a-wrong-code"])
        self.assertEqual(self.device.run("token").token, self.server.tokens_issued[0])

    def test_lost_answer_spends_it(self) -> None:
        code = self.server.add_code()
        self.server.next_responses.append(Canned(b"HTTP/1.1 200 OK\r\n", Ending.ABRUPT))
        self.assertNotEqual(self.device.run("code", "-", stdin=code.encode()).code, 0)
        outcome = self.device.run("code", "-", stdin=code.encode())
        self.assert_fails(outcome, EXIT_NEEDS_CODE)
        self.assertEqual(self.server.token_requests, 1)

    def test_server_that_is_away_leaves_it_good(self) -> None:
        code = self.server.add_code().encode()
        outcome = self.device.run("--server-url=https://localhost:1", "code", "-", stdin=code)
        self.assert_fails(outcome, EXIT_UNREACHABLE)
        self.assert_done(self.device.run("code", "-", stdin=code))

    def test_wrong_client_is_refused_once(self) -> None:
        self.device.use_client_secret("wrong-secret")
        outcome = self.device.run("code", "-", stdin=self.server.add_code().encode())
        self.assert_fails(outcome, EXIT_REFUSED)

    def test_without_a_code_a_new_one_is_needed(self) -> None:
        outcome = self.device.run("token")
        self.assert_fails(outcome, EXIT_NEEDS_CODE, mentions="connect-auth code FILE")
        self.give(self.server.add_code())
        self.device.go_on_later(4000)
        self.assert_fails(self.device.run("token"), EXIT_NEEDS_CODE)
        self.assertEqual(self.server.token_requests, 1)

    def test_wrong_usage(self) -> None:
        configured = self.device.write("code", self.server.add_code())
        for grant, arguments, words in (
            ({"type": "password", "username": "Administrator",
              "password_file": self.device.write("user-password", PASSWORD)}, (), "type in [grant]"),
            ({"type": "authorization_code", "code_file": configured}, (), "another"),
            ({"type": "authorization_code"}, ("/nonexistent/file",), "/nonexistent/file"),
            ({"type": "authorization_code"}, ("/dev/null",), "is empty"),
        ):
            with self.subTest(words):
                self.device.settings["grant"] = grant
                code = self.server.add_code().encode()
                outcome = self.device.run("code", *(arguments or ("-",)), stdin=code)
                self.assert_refused_before_connecting(outcome, mentions=words)

    def test_code_that_is_configured_may_be_exchanged_now(self) -> None:
        file = self.device.write("code", self.server.add_code())
        self.device.settings["grant"]["code_file"] = file
        self.assert_done(self.device.run("code", file))
        self.assert_done(self.device.run("token"))
        self.assertEqual(self.server.token_requests, 1)

    def test_without_a_store_it_is_not_spent(self) -> None:
        self.device.settings["store"]["path"] = self.device.write("file", "in the way") + "/store"
        outcome = self.device.run("code", "-", stdin=self.server.add_code().encode())
        self.assert_fails(outcome, EXIT_STORAGE)
        self.assertEqual(self.server.requests, [])


class RefreshTokens(CodeTest):
    """Where the server gives some, one code is enough."""

    def setUp(self) -> None:
        super().setUp()
        self.server.issue_refresh_tokens = True
        self.server.revoke_replayed_families = True
        self.give(self.server.add_code())

    def test_each_renewal_uses_the_latest(self) -> None:
        self.assertTrue(self.status()["has_refresh_token"])
        for number in range(1, 5):
            self.device.go_on_later(4000)
            self.assertEqual(self.device.run("token").token, self.server.tokens_issued[number])
            self.assertEqual(self.server.refresh_requests, number)
        self.assertEqual(self.server.token_requests, 5)

    def test_request_uses_it_after_a_401(self) -> None:
        self.server.revoke_all_tokens()
        self.device.go_on_later(20)
        self.assert_done(self.device.run("request", "GET", "/Connect/api/devices"))
        self.assertEqual(self.server.refresh_requests, 1)

    def test_revoked_one_is_forgotten_and_a_code_needed(self) -> None:
        self.server.revoke_refresh_tokens()
        for _ in range(3):
            self.assert_fails(self.device.run("token", "--force"), EXIT_NEEDS_CODE)
        self.assertEqual(self.server.refresh_requests, 1)
        self.assertFalse(self.status()["has_refresh_token"])
        self.give(self.server.add_code())
        self.assertTrue(self.status()["has_refresh_token"])

    def test_server_that_does_not_rotate(self) -> None:
        self.server.issue_refresh_tokens = False
        self.assert_done(self.device.run("token", "--force"))
        self.assertTrue(self.status()["has_refresh_token"])

    def test_logout_forgets_it(self) -> None:
        self.assert_done(self.device.run("logout"))
        self.assertFalse(self.status()["has_refresh_token"])
        self.assert_fails(self.device.run("token"), EXIT_NEEDS_CODE)

    def test_password_grant_prefers_it(self) -> None:
        device = self.new_device()
        self.assert_done(device.run("token"))
        self.assert_done(device.run("token", "--force"))
        self.assertEqual(self.server.refresh_requests, 1)
        self.server.revoke_refresh_tokens()
        self.assert_done(device.run("token", "--force"))
        self.assertEqual(self.server.failed_logins, 0)


if __name__ == "__main__":
    unittest.main()
