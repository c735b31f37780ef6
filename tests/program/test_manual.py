# SPDX-License-Identifier: Apache-2.0
"""The examples of the manual pages do what the pages say, with the configuration that the pages show."""

import configparser
import json
import os
import pathlib
import re
import subprocess
import unittest

import test_login
from harness import PASSWORD, program, wait_until
from service import Client

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "platform/linux/packaging/manual"
ADDRESS = "https://connect.example.com"
# Nobody waits for the end of what goes on until somebody ends it.
PROGRAM = """#!/bin/sh
case "$*" in
  *--watch*) timeout --signal=INT 2 {program} "$@"; [ $? = 124 ] ;;
  *) exec {program} "$@" ;;
esac
"""
# What systemd would do: start the service, and wait until it answers.
SYSTEMCTL = """#!/bin/sh
[ "$*" = 'enable --now connect-auth.service' ] || exit 1
connect-auth daemon </dev/null >service.log 2>&1 &
echo $! >service.pid
until grep -q event=started service.log; do sleep 0.1; done
"""


def examples(page: str) -> list[str]:
    """The displayed texts of the page's section EXAMPLES."""
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", (MANUAL / page).read_text(), re.M | re.S)[1]
    shown = re.findall(r"^\.Bd [^\n]*\n(.*?)^\.Ed$|^\.Dl ([^\n]*)$", section, re.M | re.S)
    return [block or line for block, line in shown]


class Examples(test_login.LoginTest):
    """A machine that is configured as the page shows, but for the address of the server."""

    def setUp(self) -> None:
        super().setUp()
        [shown] = examples("connect-auth.conf.5")
        parser = configparser.ConfigParser()
        parser.read_string(shown.replace("/etc/connect-auth", str(self.device.directory)))
        sections = {name: dict(parser[name]) for name in parser.sections()}
        self.assertEqual(sections["server"]["url"], ADDRESS)
        self.server.client_id = sections["client"]["id"]
        self.device.write("password", PASSWORD)
        self.device.settings |= sections | {
            "server": self.device.settings["server"],
            "daemon": {"socket": str(self.device.directory / "run" / "socket")},
        }
        self.device.write_configuration()
        for name, script in (("connect-auth", PROGRAM), ("systemctl", SYSTEMCTL)):
            path = pathlib.Path(self.device.write(name, script.format(program=f"'{program()}'")))
            path.chmod(0o700)

    def environment(self) -> dict[str, str]:
        """Where the shell finds what the examples name."""
        return dict(
            os.environ,
            PATH=f"{self.device.directory}:{os.defpath}",
            CONNECT_AUTH_CONFIG=str(self.device.configuration),
            CURL_CA_BUNDLE=str(self.server.chain.ca_file),
        )

    def start(self, script: str) -> subprocess.Popen[bytes]:
        """Begins an example."""
        return subprocess.Popen(
            ["sh", "-e", "-c", script.replace(ADDRESS, self.server.url)],
            cwd=self.device.directory, env=self.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_example(self, script: str) -> str:
        """What it prints."""
        process = self.start(script)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        return out.decode()

    def test_commands(self) -> None:
        new, login, call, leave = examples("connect-auth.1")
        self.addCleanup(self.end_service)
        self.assertRegex(self.run_example(new), r"(?s)ok    storage: .*\nstate +ready\n")
        for line in call.splitlines():
            self.assertIn('"name":"printer-1"', self.run_example(line))
        self.run_example(leave)
        with Client(self.device.settings["daemon"]["socket"]) as client:
            self.assertFalse(json.loads(client.ask("status json"))["token_stored"])
        self.end_service()
        self.check_login(login)

    def check_login(self, login: str) -> None:
        """Somebody logs in, and pastes the address at which the browser ends."""
        uri = "http://127.0.0.1:9/callback"
        self.server.registered_redirect_uri = uri
        self.device.settings["grant"] = {"type": "authorization_code", "redirect_uri": uri}
        self.device.write_configuration()
        process = self.start(login)
        url = process.stdout.readline().decode().strip()
        self.assert_done(self.paste(process, self.log_in(url)))

    def end_service(self) -> None:
        """Which systemd would end."""
        file = self.device.directory / "service.pid"
        if file.exists():
            pid = int(file.read_text())
            file.unlink()
            os.kill(pid, 15)
            self.assertTrue(wait_until(lambda: not os.path.exists(f"/proc/{pid}")))


if __name__ == "__main__":
    unittest.main()
