# SPDX-License-Identifier: Apache-2.0
"""What fuzz.py says of targets that break a property, at their corpus or by chance: here, of scripts in their place."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
FINE = "exit 0"
BREAKS = "echo 'property broken: planted' >&2; exit 77"
BY_CHANCE = f'case "$*" in *-runs=0*) exit 0;; esac; {BREAKS}'


class ExitCodes(unittest.TestCase):
    """A corpus must hold; what chance finds may be news."""

    def check(self, script: str, wanted: int, *options: str) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            target = pathlib.Path(scratch, "tests/fuzz/fuzz_origin")
            target.parent.mkdir(parents=True)
            target.write_text(f"#!/bin/sh\n{script}\n")
            target.chmod(0o755)
            done = subprocess.run([sys.executable, HERE / "fuzz.py", "--build", scratch, "--only", "origin", *options],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, wanted, done.stderr)
        self.assertEqual("property broken: planted" in done.stderr, script != FINE)

    def test_nothing_is_found(self) -> None:
        self.check(FINE, 0)
        self.check(FINE, 0, "--news")

    def test_corpus_that_breaks_a_property(self) -> None:
        self.check(BREAKS, 1)
        self.check(BREAKS, 1, "--news")

    def test_finding_by_chance(self) -> None:
        self.check(BY_CHANCE, 1)
        self.check(BY_CHANCE, 0, "--news")


if __name__ == "__main__":
    unittest.main()
