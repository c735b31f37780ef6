# SPDX-License-Identifier: Apache-2.0
"""Devices that do not know what time it is."""

import json
import unittest

from harness import (
    EXIT_DONE,
    EXIT_UNTRUSTED,
    ProgramTest,
)

IN_2024 = 1717200000  # Some clocks begin when their file system was made.


class UnsetClock(ProgramTest):
    """What cannot be the time is none, and then [server] unset_clock decides."""

    def status(self) -> dict[str, object]:
        """What `status --json` says."""
        outcome = self.device.run("status", "--json")
        self.assert_done(outcome)
        return json.loads(outcome.stdout)

    def test_status_says_where_the_time_comes_from(self) -> None:
        self.assertEqual(self.status()["clock_source"], "platform")
        for begins_at in (100, IN_2024):
            self.device.lose_the_time(begins_at)
            about = self.status()
            self.assertEqual((about["clock_source"], about["clock"]), ("unknown", None))

    def test_certificates_are_refused(self) -> None:
        for begins_at in (100, IN_2024):
            self.device.lose_the_time(begins_at)
            outcome = self.device.run("token")
            self.assert_fails(outcome, EXIT_UNTRUSTED, mentions="unset_clock in [server]")
            self.assert_nothing_sent()
        doctor = self.device.run("doctor")
        self.assertEqual(doctor.code, EXIT_UNTRUSTED, doctor)
        self.assertIn(b"fail  clock: it is not set", doctor.stdout)

    def test_certificates_are_judged_as_of_the_build_date(self) -> None:
        self.device.settings["server"]["unset_clock"] = "build_date"
        for begins_at in (100, IN_2024):
            self.device.lose_the_time(begins_at)
            self.assert_done(self.device.run("token", "--force"))
        doctor = self.device.run("doctor")
        self.assertEqual(doctor.code, EXIT_DONE, doctor)
        self.assertIn(b"warn  clock: it is not set; certificates are judged as of 20", doctor.stdout)

    def test_other_authorities_are_refused_all_the_same(self) -> None:
        for kind in ("untrusted", "wrong_host"):
            with self.subTest(kind):
                server = self.new_server(kind)
                self.device = self.new_device(server)
                self.device.settings["server"]["unset_clock"] = "build_date"
                self.device.lose_the_time()
                self.assert_fails(self.device.run("token"), EXIT_UNTRUSTED)
                self.assert_nothing_sent(server)


if __name__ == "__main__":
    unittest.main()
