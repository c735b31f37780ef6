# SPDX-License-Identifier: Apache-2.0
"""Applications for the other machine, in C++ and in C, against what a cross build installs: by find_package and by
pkg-config.

CONNECT_AUTH_BUILD is the cross build, CONNECT_AUTH_TOOLCHAIN its toolchain file; CONNECT_AUTH_C_COMPILER and
CONNECT_AUTH_EMULATOR are its C compiler and what its programs run in, with options.
"""

import os
import pathlib
import shlex
import subprocess
import tempfile
import unittest

CONSUMERS = pathlib.Path(__file__).resolve().parents[1] / "consumer"
EMULATOR = shlex.split(os.environ["CONNECT_AUTH_EMULATOR"])


def output(*command: object, **environment: str) -> str:
    """What a command prints; one that fails ends the test with its words."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env=os.environ | environment)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout


class Install(unittest.TestCase):
    """Somewhere else than it was built."""

    def setUp(self) -> None:
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.prefix = self.scratch / "installed"
        output("cmake", "--install", os.environ["CONNECT_AUTH_BUILD"], "--prefix", self.prefix)

    def test_find_package(self) -> None:
        build = self.scratch / "build"
        output("cmake", "-S", CONSUMERS / "find_package", "-B", build, f"-DCMAKE_TOOLCHAIN_FILE={os.environ['CONNECT_AUTH_TOOLCHAIN']}",
               f"-Dconnect_auth_DIR={self.prefix / 'lib/cmake/connect_auth'}")
        output("cmake", "--build", build)
        self.assertIn("no token: no connection", output(*EMULATOR, build / "consumer"))

    def test_pkg_config_in_c(self) -> None:
        flags = shlex.split(output("pkg-config", "--cflags", "--libs", "connect_auth",
                                   PKG_CONFIG_PATH=str(self.prefix / "lib/pkgconfig")))
        program = self.scratch / "program"
        output(os.environ["CONNECT_AUTH_C_COMPILER"], "-std=c11", CONSUMERS / "c/main.c", *flags, "-o", program)
        certificate = self.scratch / "none.pem"
        certificate.write_text("none")
        done = subprocess.run([*EMULATOR, program, "https://127.0.0.1:1", certificate], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False,
                              env=os.environ | {"CLIENT_SECRET": "a", "PASSWORD": "b"})
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^reason \d+\n$")


if __name__ == "__main__":
    unittest.main()
