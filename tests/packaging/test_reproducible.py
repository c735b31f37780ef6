# SPDX-License-Identifier: Apache-2.0
"""The same sources become the same package, octet by octet, wherever and whenever they are built.

CONNECT_AUTH_BUILD is a finished build, CONNECT_AUTH_CPACK makes the package there.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests/checks"))

import tree  # noqa: E402

BUILD = pathlib.Path(os.environ["CONNECT_AUTH_BUILD"])
# What decides what is built; all else may differ.
SAME = ("CMAKE_BUILD_TYPE", "CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_C_FLAGS", "CMAKE_CXX_FLAGS",
        "CMAKE_EXE_LINKER_FLAGS", "CONNECT_AUTH_DEPENDENCIES_DIR", "CONNECT_AUTH_HARDEN", "CONNECT_AUTH_LOG_LEVEL",
        "CONNECT_AUTH_OPTIONS")
# Another user in another country at another time of the year.
ELSEWHERE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8"}


class Reproducible(unittest.TestCase):
    """Two builds of one tree."""

    def setUp(self) -> None:
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.sources, self.build = self.scratch / "another place", self.scratch / "another build"

    def run_quietly(self, *command: object, **more: str) -> None:
        """Runs it elsewhere, and shows what it said if it fails."""
        done = subprocess.run([str(word) for word in command], cwd=self.scratch, env=ELSEWHERE | more, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def copy_sources(self) -> None:
        """The project's files, newer than they are here."""
        for path in tree.project_files(ROOT):
            copy = self.sources / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / path).read_bytes())
            copy.chmod((ROOT / path).stat().st_mode)

    def build_elsewhere(self, of_another_day: bool = False) -> bytes:
        """Returns the package."""
        cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE))
        date = int(cache["CONNECT_AUTH_BUILD_DATE"]) + (86400 if of_another_day else 0)
        more = {"SOURCE_DATE_EPOCH": str(date)}
        self.run_quietly("cmake", "-S", self.sources, "-B", self.build, "-G", "Unix Makefiles",
                         "-DCONNECT_AUTH_BUILD_TESTS=OFF", *(f"-D{name}={cache[name]}" for name in SAME), **more)
        self.run_quietly("cmake", "--build", self.build, "--target", "deb", "--parallel", os.cpu_count(), **more)
        return next(self.build.glob("*.deb")).read_bytes()

    def test_two_builds_are_one(self) -> None:
        self.run_quietly(os.environ["CONNECT_AUTH_CPACK"], "--config", BUILD / "CPackConfig.cmake", "-B", self.scratch)
        here = next(self.scratch.glob("*.deb")).read_bytes()
        self.copy_sources()
        self.assertTrue(self.build_elsewhere() == here, "another place makes another package")
        self.assertFalse(self.build_elsewhere(of_another_day=True) == here, "nobody would notice")


if __name__ == "__main__":
    unittest.main()
