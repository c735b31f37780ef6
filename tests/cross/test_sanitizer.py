# SPDX-License-Identifier: Apache-2.0
"""The undefined-behaviour sanitizer of this target bites.

CONNECT_AUTH_SEEDED_OVERFLOW adds one to what it is given.
"""

import os
import subprocess
import unittest

LARGEST = 2**31 - 1


def add_one(number: int) -> subprocess.CompletedProcess[str]:
    """What the program makes of it."""
    return subprocess.run([os.environ["CONNECT_AUTH_SEEDED_OVERFLOW"], str(number)],
                          capture_output=True, text=True, check=False)


class Sanitizer(unittest.TestCase):
    def test_sum_that_fits_is_printed(self) -> None:
        run = add_one(LARGEST - 1)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, f"{LARGEST}\n", ""))

    def test_overflow_ends_the_program(self) -> None:
        run = add_one(LARGEST)
        self.assertEqual(run.stdout, "")
        self.assertNotEqual(run.returncode, 0)
        # By its own trap, or with a message.
        self.assertRegex(run.stderr, "signed integer overflow|[Tt]rap|[Ii]llegal instruction")


if __name__ == "__main__":
    unittest.main()
