# SPDX-License-Identifier: Apache-2.0
"""Several processes on one store: what one of them asks for serves them all."""

import signal
import unittest

from harness import (
    EXIT_REFUSED,
    Outcome,
    ProgramTest,
    finish,
)

DEVICES = "/Connect/api/devices"


class Together(ProgramTest):
    """Ten of them, at the moments when each would have a reason to ask."""

    def setUp(self) -> None:
        super().setUp()
        self.server.response_delay = 1.0  # Long enough for all to be there.

    def run_ten(self, *arguments: str) -> list[Outcome]:
        """Ten processes at once."""
        running = [self.device.start(*arguments) for _ in range(10)]
        return [finish(process) for process in running]

    def assert_one_token(self, outcomes: list[Outcome]) -> None:
        """All have the token that came last."""
        for outcome in outcomes:
            self.assert_done(outcome)
        self.assertEqual({one.token for one in outcomes}, {self.server.tokens_issued[-1]})

    def test_at_the_start(self) -> None:
        self.assert_one_token(self.run_ten("token"))
        self.assertEqual(self.server.token_requests, 1)

    def test_when_the_token_expires(self) -> None:
        self.assert_done(self.device.run("token"))
        self.device.go_on_later(4000)
        self.assert_one_token(self.run_ten("token"))
        self.assertEqual(self.server.token_requests, 2)

    def test_when_each_wants_a_new_one(self) -> None:
        self.assert_done(self.device.run("token"))
        self.assert_one_token(self.run_ten("token", "--force"))
        self.assertEqual(self.server.token_requests, 2)

    def test_after_a_401(self) -> None:
        self.assert_done(self.device.run("token"))
        self.device.go_on_later(20)
        self.server.revoke_all_tokens()

        outcomes = self.run_ten("request", "POST", DEVICES, "--data", __file__)

        for outcome in outcomes:
            self.assert_done(outcome)
        self.assertEqual(self.server.token_requests, 2)
        self.assertEqual(self.server.api_writes, 10)
        calls = [one.status for one in self.server.requests if one.path == DEVICES]
        self.assertEqual(sorted(calls), 10 * [201] + (len(calls) - 10) * [401])
        self.assertLessEqual(len(calls), 20)

    def test_with_a_refresh_token(self) -> None:
        self.server.issue_refresh_tokens = self.server.revoke_replayed_families = True
        self.device.use_code(self.server.add_code())
        self.assert_done(self.device.run("token"))
        for _ in range(3):
            self.device.go_on_later(4000)
            self.assert_one_token(self.run_ten("token"))
        self.assertEqual((self.server.token_requests, self.server.refresh_requests), (4, 3))

    def test_with_a_wrong_password(self) -> None:
        self.device.use_password(self.server.username, "wrong-password")
        for outcome in self.run_ten("token"):
            self.assert_fails(outcome, EXIT_REFUSED)
        self.assertEqual((self.server.token_requests, self.server.failed_logins), (1, 1))
        for outcome in self.run_ten("token", "--retry-refused"):
            self.assert_fails(outcome, EXIT_REFUSED)
        self.assertEqual((self.server.token_requests, self.server.failed_logins), (2, 2))

    def test_killed_process_does_not_block_the_next(self) -> None:
        self.server.response_delay = 600
        killed = self.device.start("token")
        self.assertTrue(self.server.wait_for(lambda: self.server.token_requests == 1))
        waiting = self.device.start("token")
        self.server.response_delay = 0

        killed.send_signal(signal.SIGKILL)
        finish(killed)

        self.assert_done(finish(waiting))
        self.assertEqual(self.server.token_requests, 2)


if __name__ == "__main__":
    unittest.main()
