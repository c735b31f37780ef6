# SPDX-License-Identifier: Apache-2.0
"""What the shells complete is what the program has, as its sources say.

CONNECT_AUTH_PROGRAM is the program.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "platform/linux"
COMPLETION = PROGRAM / "packaging/completion"
BASH = 'source "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _connect_auth; printf "%s\\n" "${COMPREPLY[@]}"'
# What zsh would offer, and where it would offer files.
ZSH = ('compadd() { shift; print -rl -- "$@" }; _files() { print files }\n'
       'run() { local PREFIX=$words[-1] CURRENT=$#words; source $file }\n'
       'file=$1; shift; words=("$@"); run')


def commands() -> set[str]:
    """Of the sources."""
    return set(re.findall(r'CommandName\{"(\w+)"', (PROGRAM / "command_line.cc").read_text()))


def options() -> set[str]:
    """Of the sources, without those that are refused."""
    named = re.findall(r'argp_option\{"([\w-]+)"', (PROGRAM / "options.h").read_text())
    table = re.findall(r'SettingInfo\{Setting::\w+,\s*"(\w+)",\s*"(\w+)",\s*SettingKind::(\w+)',
                       (PROGRAM / "setting_table.h").read_text())
    settings = [f"{section}-{key}".replace("_", "-") for section, key, kind in table if kind != "kSecret"]
    return {f"--{name}" for name in named + settings}


class Completion(unittest.TestCase):
    """Each shell, with the word under the cursor at the end."""

    def setUp(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "connect-auth").symlink_to(os.environ["CONNECT_AUTH_PROGRAM"])
        self.environment = os.environ | {"PATH": f"{folder}:{os.defpath}"}

    def complete(self, shell: str, *words: str) -> list[str]:
        """What the shell proposes."""
        script, file = (BASH, "connect-auth.bash") if shell == "bash" else (ZSH, "_connect-auth")
        rules = ["--noprofile", "--norc"] if shell == "bash" else ["-f"]
        done = subprocess.run([shell, *rules, "-c", script, shell, COMPLETION / file, "connect-auth", *words],
                              env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def check(self, shell: str) -> None:
        """All that there is, and nothing else."""
        self.assertEqual(set(self.complete(shell, "")), commands())
        self.assertEqual(set(self.complete(shell, "--")), options())

    def test_bash(self) -> None:
        self.check("bash")
        self.assertEqual(self.complete("bash", "--alone", "log"), ["login", "logout"][::-1])
        self.assertEqual(self.complete("bash", "--server-u"), ["--server-unset-clock", "--server-url"])
        for before in ("--config", "--server-ca-file", "code"):
            self.assertEqual(self.complete("bash", before, "x"), [])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh(self) -> None:
        self.check("zsh")
        self.assertEqual(self.complete("zsh", "--config", ""), ["files"])

    def test_an_option_that_is_not_completed_is_noticed(self) -> None:
        """A seeded violation: the shells ask a program that keeps one option to itself."""
        link = pathlib.Path(self.environment["PATH"].partition(":")[0]) / "connect-auth"
        link.unlink()
        link.write_text(f"#!/bin/sh\n'{os.environ['CONNECT_AUTH_PROGRAM']}' \"$@\" | grep -v -e --alone\n")
        link.chmod(0o700)
        with self.assertRaisesRegex(AssertionError, "--alone"):
            self.check("bash")


if __name__ == "__main__":
    unittest.main()
