# SPDX-License-Identifier: Apache-2.0
"""The checker can fail: wrong expectations, a hang and a leak are seen, and said."""

import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import faults  # first: it sets the module path
import table
from table import Case


def named(name: str) -> Case:
    """A case of the table."""
    return next(case for case in table.cases() if case.name == name)


class Complaints(unittest.TestCase):
    """A row that is wrong is complained of."""

    def complaints(self, case: Case, command: str = "token") -> str:
        """What is said of it."""
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        return "\n".join(faults.judge(case, command, "whole", 1, directory).complaints)

    def change(self, name: str, **differences: object) -> str:
        """What is said of a row with differences."""
        return self.complaints(dataclasses.replace(named(name), **differences))

    def use_program(self, script: str) -> None:
        """Puts a shell script in the place of the program."""
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        program = directory / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        before = os.environ["CONNECT_AUTH_PROGRAM"]
        self.addCleanup(os.environ.__setitem__, "CONNECT_AUTH_PROGRAM", before)
        os.environ["CONNECT_AUTH_PROGRAM"] = str(program)

    def test_right_rows_are_not(self) -> None:
        for name in ("good/as documented", "status/401", "certificate/expired, TLS 1.3"):
            self.assertEqual(self.complaints(named(name)), "")

    def test_wrong_code(self) -> None:
        self.assertIn("exit 7 instead of 5", self.change("portal/login page", exits={"token": 5}))

    def test_wrong_sentence(self) -> None:
        self.assertIn("does not say 'moon'", self.change("portal/login page", says="moon"))

    def test_secrets_where_none_are_due(self) -> None:
        said = self.change("portal/login page", gets_secrets=False)
        self.assertIn("asks for a token", said)
        self.assertIn("a secret left the device", said)

    def test_refusal_that_is_not_remembered(self) -> None:
        self.assertIn("sends refused credentials again", self.change("status/404", latches=True))

    def test_end_before_the_time(self) -> None:
        self.assertIn("gave up after", self.change("portal/login page", waits=2))

    def test_hang(self) -> None:
        self.use_program("exec sleep 600")
        self.addCleanup(setattr, faults, "SLACK_SECONDS", faults.SLACK_SECONDS)
        faults.SLACK_SECONDS = 0.5
        self.assertIn("it hangs", self.change("silence/in the body", waits=1))

    def test_crash(self) -> None:
        self.use_program("echo one line; echo two lines >&2; echo >&2; kill -SEGV $$")
        said = self.change("portal/login page")
        for complaint in ("exit -11", "is no sentence", "prints something"):
            self.assertIn(complaint, said)

    def test_secret_on_stderr(self) -> None:
        self.use_program(f"echo 'the secret is {faults.CLIENT_SECRET} now' >&2; exit 7")
        self.assertIn("prints a secret", self.change("portal/login page"))


class CommandLine(unittest.TestCase):
    """faults.py as a person calls it."""

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs it."""
        return subprocess.run(
            [sys.executable, faults.__file__, *arguments], capture_output=True, text=True, check=False,
        )

    def test_one_case(self) -> None:
        done = self.call("status/401", "--pieces", "octets")
        self.assertEqual(done.returncode, 0, done)
        self.assertTrue(done.stdout.startswith("1 cases, 2 runs, 0 not as the table says"), done)

    def test_unknown_case(self) -> None:
        self.assertEqual(self.call("no such case").returncode, 2)

    def test_table(self) -> None:
        lines = self.call("--table").stdout.splitlines()
        self.assertGreater(len(lines), 150)
        self.assertEqual(len(lines), len(table.cases()) + 1)

    def test_names_are_unique(self) -> None:
        names = self.call("--list").stdout.splitlines()
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    unittest.main()
