# SPDX-License-Identifier: Apache-2.0
"""Plants secrets, runs every command, well and in many ways badly, as talkative as it gets, and looks where
the secrets are when the program has executed its last instruction: in all of its memory, dead stack and freed heap
included, in what it printed, in its arguments and environment, and in its store. And where they are in the memory
of the service while it lives.

CONNECT_AUTH_PROGRAM is the program, CONNECT_AUTH_STOP_AT_EXIT what makes it wait to be looked at.
"""

import os
import pathlib
import signal
import sys
import unittest
from collections.abc import Iterable

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / part) for part in ("program", "faults")]

import memory  # noqa: E402
from harness import CLIENT_SECRET, PASSWORD, Device, PATIENCE_SECONDS, Outcome, ProgramTest, finish, traces, wait_until  # noqa: E402
from service import ServiceTest  # noqa: E402
from test_login import LoginTest, go  # noqa: E402
import table  # noqa: E402
from fault_server import GOOD, FaultServer  # noqa: E402

CODE = "c0de!planted-and-long-enough-to-be-no-accident"
PROXY_PASSWORD = "Pr0xy-Secret-planted"
LIBRARY = os.environ.get("CONNECT_AUTH_STOP_AT_EXIT", "")
# Of the faults, one in so many: enough for each kind.
EVERY = 5


def state(pid: int) -> str:
    """As ps shows it."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


class SecrecyTest(ProgramTest):
    """Runs programs, and looks into what they leave behind."""

    def planted(self, device: Device, tokens: Iterable[str] = ()) -> dict[str, set[bytes]]:
        """Each secret in all forms that it may take."""
        texts = {"client secret": CLIENT_SECRET, "password": PASSWORD, "code": CODE, "proxy password": PROXY_PASSWORD}
        texts |= {f"token {number}": token for number, token in enumerate([*tokens, *self.server.tokens_issued])}
        return {name: traces(text) for name, text in texts.items()} | {
            "store key": {(device.directory / "key").read_bytes()}}

    def run_and_look(self, device: Device, *arguments: str, stdin: bytes = b"", tokens: Iterable[str] = ()) -> Outcome:
        """A run that leaves nothing behind; but for the token, where it is asked for one."""
        library = device.directory / "stop.so"  # A blank in the name would end it.
        if not library.is_symlink():
            library.symlink_to(LIBRARY)
        others = device.environment.get("LD_PRELOAD", "").split(":")
        device.environment["LD_PRELOAD"] = ":".join(dict.fromkeys([*filter(None, others), str(library)]))
        process = device.start("--verbose", *arguments)
        self.addCleanup(process.kill)
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        self.assertTrue(wait_until(lambda: state(process.pid) in "TZ", PATIENCE_SECONDS / 2))
        self.assertEqual(state(process.pid), "T", "it ended before it could be looked at")
        self.look_at(process.pid, device, tokens)
        process.send_signal(signal.SIGCONT)
        outcome = finish(process)
        planted = self.planted(device, tokens)
        belongs = {name for name in planted if name.startswith("token") and arguments[0] in ("token", "header")}
        self.assert_free_of({k: v for k, v in planted.items() if k not in belongs}, outcome.stdout, "stdout")
        self.assert_free_of(planted, outcome.stderr, "stderr")
        for path in device.stored_files():
            self.assert_free_of(planted, path.read_bytes(), str(path))
        return outcome

    def look_at(self, pid: int, device: Device, tokens: Iterable[str] = ()) -> None:
        """A process that has stopped, from outside and from inside."""
        planted = self.planted(device, tokens)
        for name in ("cmdline", "environ"):
            self.assert_free_of(planted, pathlib.Path(f"/proc/{pid}/{name}").read_bytes(), name)
        self.assertEqual([(name, area.name, hex(at)) for name, area, at in memory.find(pid, planted)], [])

    def assert_free_of(self, planted: dict[str, set[bytes]], content: bytes, where: str) -> None:
        """No part of a secret is in it."""
        for name, forms in planted.items():
            for needle in {each for form in forms for each in memory.needles(form)}:
                self.assertNotIn(needle, content, f"{name} in {where}")


class Commands(SecrecyTest, LoginTest):
    """Each command, once well and once refused."""

    def setUp(self) -> None:
        ProgramTest.setUp(self)
        self.server.issue_refresh_tokens = True

    def test_with_a_password(self) -> None:
        for arguments, code in ((("token",), 0), (("token",), 0), (("token", "--force"), 0), (("header",), 0),
                                (("request", "GET", "/Connect/api/devices"), 0), (("request", "GET", "/nothing"), 3),
                                (("status",), 0), (("status", "--json"), 0), (("doctor",), 0), (("logout",), 0)):
            with self.subTest(arguments):
                self.assertEqual(self.run_and_look(self.device, *arguments).code, code)

    def test_token_that_the_api_refuses(self) -> None:
        self.assertEqual(self.run_and_look(self.device, "token").code, 0)
        self.device.go_on_later(60)
        self.server.expire_all_tokens()
        self.assertEqual(self.run_and_look(self.device, "request", "POST", "/Connect/api/devices", "--data", "-",
                                           stdin=b"content").code, 0)

    def test_secrets_of_the_environment(self) -> None:
        del self.device.settings["client"]["secret_file"]
        del self.device.settings["grant"]["password_file"]
        self.device.environment |= {"CONNECT_AUTH_CLIENT_SECRET": CLIENT_SECRET, "CONNECT_AUTH_PASSWORD": PASSWORD}
        self.assertEqual(self.run_and_look(self.device, "token").code, 0)

    def test_secrets_of_the_configuration(self) -> None:
        del self.device.settings["client"]["secret_file"]
        self.device.settings["client"]["secret"] = CLIENT_SECRET
        self.assertEqual(self.run_and_look(self.device, "token").code, 0)

    def test_refused(self) -> None:
        self.server.password = "another"
        self.assertEqual(self.run_and_look(self.device, "token").code, 3)
        self.assertEqual(self.run_and_look(self.device, "doctor").code, 3)

    def test_codes(self) -> None:
        self.device.use_code("")
        del self.device.settings["grant"]["code_file"]
        self.server.add_code(CODE)
        self.assertEqual(self.run_and_look(self.device, "code", "-", stdin=CODE.encode()).code, 0)
        self.assertEqual(self.run_and_look(self.device, "token", "--force").code, 0)
        self.assertEqual(self.run_and_look(self.device, "code", "-", stdin=CODE.encode()).code, 4)

    def test_proxy(self) -> None:
        self.device.settings["server"]["proxy"] = "http://user@127.0.0.1:9"
        self.device.settings["server"]["proxy_password_file"] = self.device.write("proxy-password", PROXY_PASSWORD)
        self.assertEqual(self.run_and_look(self.device, "token").code, 5)

    def test_client_of_the_service(self) -> None:
        self.device.settings["daemon"] = {"socket": str(self.device.directory / "run/socket")}
        service = self.device.start("daemon")
        self.addCleanup(lambda: (service.terminate(), finish(service)))
        self.assertTrue(wait_until(lambda: (self.device.directory / "run/socket").exists()))
        for arguments in (("token",), ("header",), ("request", "GET", "/Connect/api/devices"), ("status",)):
            with self.subTest(arguments):
                self.assertEqual(self.run_and_look(self.device, *arguments).code, 0)

    def test_what_is_left_is_found(self) -> None:
        """Of a program that keeps its secret: a shell that has it in a variable."""
        self.device.prefix = ["/bin/sh", "-c", f"kept='{PASSWORD}'; shift; kill -STOP $$; echo $kept", "sh"]
        process = self.device.start("token")
        self.assertTrue(wait_until(lambda: state(process.pid) == "T"))
        with self.assertRaisesRegex(AssertionError, "password in cmdline"):
            self.look_at(process.pid, self.device)
        found = {name for name, _, _ in memory.find(process.pid, self.planted(self.device))}
        self.assertEqual(found, {"password"})
        process.kill()
        finish(process)


class Failures(SecrecyTest):
    """What can go wrong with a server."""

    def test_one_in_a_few(self) -> None:
        cases = [case for case in table.cases() if "token" in case.exits and not case.waits]
        chosen = [case for case in cases if not case.name.startswith("sweep/")][::EVERY]
        self.assertGreaterEqual(len([case for case in chosen if case.exits["token"]]), 50)
        given = GOOD.partition(b'"access_token":"')[2].partition(b'"')[0].decode()
        for case in chosen:
            plan = case.plan(self.device.directory)
            with self.subTest(case.name), FaultServer(plan) as server:
                device = self.new_device(server)
                device.settings["server"]["url"] = f"https://{case.host}:{server.port}"
                if plan.behind_proxy:
                    device.settings["server"]["proxy"] = f"http://localhost:{server.port}"
                outcome = self.run_and_look(device, "token", tokens=[given])
                self.assertEqual(outcome.code, case.exits["token"], outcome)


class Service(ServiceTest):
    """While it lives it needs its secrets: in memory that is not swapped out, and nowhere else."""

    def test_secrets_are_where_they_belong(self) -> None:
        with self.running("--verbose") as service:
            with service.connect() as client:
                token = client.token()
            planted = {"client secret": traces(CLIENT_SECRET), "password": traces(PASSWORD), "token": traces(token),
                       "store key": {(self.device.directory / "key").read_bytes()}}
            found = memory.find(service.process.pid, planted)
        self.assertEqual({name for name, _, _ in found}, planted.keys())
        self.assertEqual([(name, area.name) for name, area, _ in found if not area.locked or area.name != "[heap]"], [])

    def test_no_core_is_dumped(self) -> None:
        with self.running() as service:
            limits = pathlib.Path(f"/proc/{service.process.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("secrecy: SKIPPED, only root may look into the memory of a program that protects it")
        sys.exit(77)
    unittest.main()
