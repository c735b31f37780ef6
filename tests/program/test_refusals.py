# SPDX-License-Identifier: Apache-2.0
"""What the server refused is not sent again: five failed logins may lock the account.

CONNECT_AUTH_REBOOTS: how often the program starts with a wrong password (default: 100).
"""

import datetime
import json
import os
import re
import unittest

from harness import (
    EXIT_REFUSED,
    EXIT_USAGE,
    Outcome,
    ProgramTest,
)
from oauth_server import Fault

REBOOTS = int(os.environ.get("CONNECT_AUTH_REBOOTS", "100"))
HOUR = 3600
API = ("request", "GET", "/Connect/api/devices")
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class RefusalTest(ProgramTest):
    """A device with a wrong password."""

    def setUp(self) -> None:
        super().setUp()
        self.device.use_password(self.server.username, "wrong-password")

    def refuse(self, *arguments: str) -> Outcome:
        """A call that ends with code 3."""
        outcome = self.device.run(*(arguments or ("token",)))
        self.assert_fails(outcome, EXIT_REFUSED)
        return outcome

    def assert_logins(self, failed: int) -> None:
        """So many logins failed, and nothing else was asked for."""
        self.assertEqual((self.server.failed_logins, self.server.token_requests), (failed, failed))

    def status(self) -> dict[str, object]:
        """What `status --json` says."""
        outcome = self.device.run("status", "--json")
        self.assert_done(outcome)
        return json.loads(outcome.stdout)


class Latch(RefusalTest):
    """Refused once, left alone."""

    def test_a_thousand_reboots_make_one_failed_login(self) -> None:
        commands = (("token",), ("header",), API, ("token", "--force"), ("token", "--min-valid=9"))
        for run in range(REBOOTS):
            self.refuse(*commands[run % len(commands)])
        self.assert_logins(1)
        self.assertEqual(self.server.count_connections(), 1)

    def test_reboots_with_the_store_in_flash(self) -> None:
        self.device.settings["store"]["path"] = self.device.write("image", b"")
        for _ in range(10):
            self.refuse()
        self.assert_logins(1)

    def test_sentence_says_since_when_until_when_and_what_to_do(self) -> None:
        self.refuse()
        text = self.refuse().stderr.decode()
        self.assertRegex(text, f"refused the credentials at {UTC} [(]HTTP 400, invalid_grant[)], "
                               f"and they are not sent again before {UTC}; .*--retry-refused")

    def test_doctor_tells_and_sends_no_credentials(self) -> None:
        self.refuse()
        outcome = self.device.run("doctor")
        self.assertEqual(outcome.code, EXIT_REFUSED, outcome)
        self.assertRegex(outcome.stdout.decode(), "fail  grant: .* refused the credentials at")
        self.assertEqual(self.server.failed_logins, 1)
        sent = [one for one in self.server.requests if one.field("Authorization")]
        self.assertEqual(len(sent), 1)

    def test_status_tells(self) -> None:
        names = ("refused_at", "refused_status", "refused_error", "next_attempt_at")
        self.assertEqual([self.status()[name] for name in names], 4 * [None])
        self.refuse()
        about = self.status()
        self.assertRegex(str(about["refused_at"]), UTC)
        self.assertEqual((about["refused_status"], about["refused_error"]), (400, "invalid_grant"))
        self.assertGreater(str(about["next_attempt_at"]), str(about["refused_at"]))
        self.assertLess(self.distance(about, self.status()), 3)  # The machine's own place.
        lines = self.device.run("status").stdout.decode()
        self.assertTrue(re.search(f"^refused at +{UTC}$", lines, re.MULTILINE), lines)
        self.assert_logins(1)

    def distance(self, *statuses: dict[str, object]) -> float:
        """Seconds between two times for the next attempt."""
        first, second = (
            datetime.datetime.fromisoformat(str(status["next_attempt_at"])) for status in statuses
        )
        return abs((second - first).total_seconds())

    def test_clock_that_is_not_set_leaves_the_moment_unknown(self) -> None:
        self.refuse()
        self.device.lose_the_time()
        self.assertRegex(self.refuse().stderr.decode(), r"not sent again for another \d+ s;")
        self.assertIsNone(self.status()["next_attempt_at"])

    def test_token_that_lives_is_served_all_the_same(self) -> None:
        device = self.new_device()
        first = device.run("token").token
        device.use_password(self.server.username, "wrong-password")
        self.assert_fails(device.run("token", "--force"), EXIT_REFUSED, device=device)
        self.assertEqual(device.run("token").token, first)
        self.assert_done(device.run(*API))
        self.assertEqual(self.server.failed_logins, 1)

    def test_401_of_the_api_does_not_open_it(self) -> None:
        device = self.new_device()
        self.assert_done(device.run("token"))
        device.use_password(self.server.username, "wrong-password")
        device.run("token", "--force")
        self.server.revoke_all_tokens()
        device.go_on_later(20)
        for _ in range(3):
            outcome = device.run(*API)
            self.assertEqual(outcome.code, EXIT_REFUSED)
            self.assertIn(b"refused the credentials at", outcome.stderr)
        self.assertEqual(self.server.failed_logins, 1)

    def test_redirects_and_plain_401s_latch_as_well(self) -> None:
        for status in (302, 400, 401, 403):
            with self.subTest(status=status):
                self.server.fault = Fault(status, (("Location", "https://elsewhere.example/"),))
                self.device = self.new_device()
                before = self.server.token_requests
                for _ in range(3):
                    self.refuse()
                self.assertEqual(self.server.token_requests, before + 1)

    def test_wrong_path_does_not_latch(self) -> None:
        self.device.settings["server"]["token_path"] = "/Connect/token"
        self.refuse()
        self.assertIsNone(self.status()["refused_at"])


class Opens(RefusalTest):
    """What makes a refused device try again."""

    def test_other_password(self) -> None:
        self.refuse()
        self.device.use_password(self.server.username, "other-password")
        self.assertIsNone(self.status()["refused_at"])
        self.refuse()
        self.refuse()
        self.assert_logins(2)
        self.device.use_password(self.server.username, self.server.password)
        self.assert_done(self.device.run("token"))
        self.assertIsNone(self.status()["refused_at"])

    def test_somebody_says_so(self) -> None:
        for number, command in enumerate((("token",), ("header",), API)):
            self.refuse(*command)
            self.refuse(*command, "--retry-refused")
            self.assertEqual(self.server.failed_logins, number + 2)
        self.server.password, self.server.failed_logins = "wrong-password", 0
        self.refuse()
        self.assert_done(self.device.run("token", "--retry-refused"))
        self.assert_done(self.device.run("token"))

    def test_doctor_with_retry_refused(self) -> None:
        self.refuse()
        self.assertEqual(self.device.run("doctor", "--retry-refused").code, EXIT_REFUSED)
        self.assertEqual(self.server.failed_logins, 2)

    def test_twelve_hours_and_a_place_in_as_many(self) -> None:
        self.refuse()
        self.device.go_on_later(12 * HOUR - 60)
        self.refuse()
        self.assert_logins(1)
        self.device.go_on_later(12 * HOUR + 120)
        self.refuse()
        self.refuse()
        self.assert_logins(2)
        self.device.go_on_later(12 * HOUR - 60)
        self.refuse()
        self.assert_logins(2)

    def test_wait_that_is_configured(self) -> None:
        self.device.settings["limits"]["refused_wait"] = "3600"
        self.refuse()
        self.device.go_on_later(HOUR - 60)
        self.refuse()
        self.assert_logins(1)
        self.device.go_on_later(HOUR + 120)
        self.refuse()
        self.assert_logins(2)

    def test_nothing_but_somebody_where_the_wait_is_0(self) -> None:
        self.device.settings["limits"]["refused_wait"] = "0"
        self.refuse()
        self.device.go_on_later(30 * 24 * HOUR)
        self.assertIn(b"not sent again until somebody acts;", self.refuse().stderr)
        self.assertIsNone(self.status()["next_attempt_at"])
        self.assert_logins(1)

    def test_wait_of_less_than_an_hour_is_refused(self) -> None:
        self.device.settings["limits"]["refused_wait"] = "3599"
        outcome = self.device.run("token")
        self.assert_fails(outcome, EXIT_USAGE, mentions="refused_wait")

    def test_logout_does_not_open_it(self) -> None:
        self.refuse()
        self.assert_done(self.device.run("logout"))
        self.refuse()
        self.assert_logins(1)

    def test_without_a_store_it_cannot_be_kept(self) -> None:
        self.device.settings["store"]["path"] = self.device.write("file", "in the way") + "/store"
        for run in range(1, 3):
            outcome = self.device.run("token")
            self.assertEqual(outcome.code, EXIT_REFUSED)
            self.assertEqual(self.server.failed_logins, run)


if __name__ == "__main__":
    unittest.main()
