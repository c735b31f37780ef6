# SPDX-License-Identifier: Apache-2.0
"""The service: what it answers, to whom, and what becomes of the token meanwhile."""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import (
    EXIT_DONE,
    EXIT_NEEDS_CODE,
    EXIT_REFUSED,
    EXIT_STORAGE,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    PASSWORD,
    program,
    wait_until,
)
from oauth_server import Canned
from service import Client, Service, ServiceTest, run_as

DEVICES = "/Connect/api/devices"
NOBODY = 65534
EMULATED = bool(os.environ.get("CONNECT_AUTH_EMULATED"))  # Much of what is seen then is the emulator's.
SANITIZED = b"libasan" in pathlib.Path(program()).read_bytes()  # So it is of calls and memory here.


class Answers(ServiceTest):
    """The protocol, as its description has it."""

    def test_token_and_header(self) -> None:
        with self.running() as service, service.connect() as client:
            token = client.token()
            self.assertEqual([token], self.server.tokens_issued)
            self.assertRegex(client.ask("token min_valid=60"), r"^ok generation=1 expires_in=3[56]\d\d token=")
            self.assertEqual(client.ask("header").partition(" header=")[2], f"Authorization: Bearer {token}")
            self.assertEqual(client.ask("token\r").rpartition("=")[2], token)
        self.assertEqual(self.server.token_requests, 1)

    @unittest.skipUnless(shutil.which("strace") and not EMULATED and not SANITIZED, "other calls are in between")
    def test_token_at_hand_costs_no_call_but_the_sockets(self) -> None:
        with self.running() as service, service.connect() as client:
            client.token()
            log = self.device.directory / "calls"
            tracer = subprocess.Popen(["strace", "-f", "-o", str(log), "-p", str(service.process.pid)],
                                      stderr=subprocess.DEVNULL)
            self.addCleanup(tracer.kill)
            self.assertTrue(wait_until(lambda: log.exists() and "epoll_wait" in log.read_text()))
            for _ in range(10):
                client.token()
            client.send(b"token\n" * 10)
            for _ in range(10):
                client.line()
            tracer.terminate()
            tracer.wait()
            calls = set(re.findall(r"(?m)^\d+ +(\w+)\(", log.read_text()))
        self.assertEqual(calls, {"epoll_wait", "recvfrom", "sendto"})

    def test_a_life_that_the_token_does_not_have(self) -> None:
        with self.running() as service, service.connect() as client:
            self.assertRegex(client.ask("token min_valid=7200"), "^ok generation=1 ")
            self.assertEqual(self.server.token_requests, 1)

    def test_renew(self) -> None:
        with self.running() as service, service.connect() as client:
            client.token()
            self.assertRegex(client.ask("renew"), r"^ok generation=1 expires_in=\d+$")
        self.assertEqual(self.server.token_requests, 1, "it just came")

    def test_wrong_queries(self) -> None:
        with self.running() as service, service.connect() as client:
            for query in ("", "tokens", "token min_valid=x", "token min_valid=-1", "reject", "reject -1",
                          "reject 4294967296", "code", "status xml", "token  wait=1", "logout now", "\x00"):
                with self.subTest(query):
                    self.assertRegex(client.ask(query), "^error 2 there is no such query")

    def test_pipelined_queries_are_answered_in_order(self) -> None:
        with self.running() as service, service.connect() as client:
            client.send(b"token\nidentity\nstatus brief\nnonsense\nheader\n")
            answers = [client.line()]
            answers.append(client.line())
            client.stream.read(int(client.line().rpartition("=")[2]))
            answers += [client.line(), client.line()]
        for answer, pattern in zip(answers, (" token=", " ?identity=[0-9a-f]{64}$", "^error 2 ", " header="), strict=True):
            self.assertRegex(answer, pattern)

    def test_a_line_in_pieces(self) -> None:
        with self.running() as service, service.connect() as client:
            for octet in b"token\n":
                client.send(bytes([octet]))
            self.assertIn(" token=", client.line())

    def test_more_answers_than_the_socket_takes(self) -> None:
        with self.running() as service, service.connect() as client, service.connect() as other:
            token = client.token()
            count = 3000
            sender = threading.Thread(target=client.send, args=(b"token\n" * count,))
            sender.start()
            time.sleep(0.5)  # Nobody reads.
            self.assertEqual(other.token(), token)
            for _ in range(count):
                self.assertTrue(client.line().endswith(token))
            sender.join()

    def test_all_that_waits_gets_one_token(self) -> None:
        self.server.response_delay = 1.0
        with self.running() as service, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(service.connect()) for _ in range(20)]
            for client in clients:
                client.send(b"token\n")
            self.assertEqual(len({client.line() for client in clients}), 1)
        self.assertEqual(self.server.token_requests, 1)

    def test_who_leaves_while_waiting(self) -> None:
        self.server.response_delay = 1.0
        with self.running() as service:
            before = service.descriptors()
            for _ in range(5):
                with service.connect() as client:
                    client.send(b"token\n")
            with service.connect() as client:
                client.token()
                self.assertTrue(wait_until(lambda: service.descriptors() <= before + 1))

    def test_half_closed_client_gets_its_answer(self) -> None:
        self.server.response_delay = 0.5
        with self.running() as service, service.connect() as client:
            client.send(b"token\n")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertIn(" token=", client.line())

    def test_subscribers_hear_of_changes(self) -> None:
        with self.running() as service, service.connect() as subscriber, service.connect() as client:
            client.token()
            self.assertRegex(subscriber.ask("subscribe"), r"^changed generation=1 expires_in=\d+$")
            self.assertEqual(client.ask("logout"), "ok")
            self.assertEqual(subscriber.line(), "gone")
            client.token()
            self.assertRegex(subscriber.line(), r"^changed generation=2 ")

    def test_metrics_are_in_prometheus_form(self) -> None:
        with self.running() as service, service.connect() as client:
            client.token()
            text = client.ask("metrics")
        values = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, value = line.split(" ")
                values[name] = float(value)
        helped = set(re.findall(r"(?m)^# HELP (\w+) \S.*$", text))
        self.assertEqual(helped, set(values))
        self.assertEqual(set(re.findall(r"(?m)^# TYPE (\w+) (?:counter|gauge)$", text)), set(values))
        self.assertEqual(values["connect_auth_tokens_total"], 1)
        self.assertEqual(values["connect_auth_queries_total"], 2)
        self.assertGreater(values["connect_auth_token_remaining_seconds"], 3000)

    def test_log_is_logfmt(self) -> None:
        with self.running("--verbose") as service, service.connect() as client:
            client.token()
        events = [line for line in service.log.decode().splitlines() if line.startswith("level=")]
        for line in events:
            self.assertRegex(line, r'^level=(error|warning|info|debug) event=\w+( \w+=("([^"\\]|\\.)*"|[^ "=]+))*$')
        self.assertEqual([line.split()[1] for line in events if "level=info" in line],
                         ["event=started", "event=asking", "event=token_obtained", "event=stopped"])


class CommandLine(ServiceTest):
    """The commands do the same whether the service runs or not."""

    def compare(self, *arguments: str) -> None:
        """Runs a command with the service, and one that works alone on another device."""
        alone = self.new_device()
        with self.running():
            asked = self.device.run(*arguments)
        own = alone.run(*arguments)
        self.assertEqual((asked.code, asked.stderr), (own.code, own.stderr))
        self.assertEqual(len(asked.stdout), len(own.stdout), (asked, own))

    def test_commands(self) -> None:
        for arguments in (("token",), ("header",), ("token", "--min-valid", "100"), ("token", "--force"),
                          ("request", "GET", DEVICES), ("request", "GET", DEVICES, "-i"),
                          ("request", "GET", "/no-such"), ("logout",)):
            with self.subTest(arguments):
                self.compare(*arguments)

    def test_refusals(self) -> None:
        for device in (self.device, other := self.new_device()):
            device.use_password(self.server.username, "wrong-password")
        with self.running():
            asked = self.device.run("token")
            own = other.run("token")
            self.assertEqual((asked.code, own.code), (EXIT_REFUSED, EXIT_REFUSED))
            self.assertEqual(asked.stderr, own.stderr)
            failed = self.server.failed_logins
            self.assert_fails(self.device.run("token"), EXIT_REFUSED)
            self.assertEqual(self.server.failed_logins, failed, "refused credentials are left alone")
            self.assert_fails(self.device.run("token", "--retry-refused"), EXIT_REFUSED)
            self.assertEqual(self.server.failed_logins, failed + 1)

    def test_status_has_the_same_members(self) -> None:
        alone = json.loads(self.device.run("status", "--json").stdout)
        with self.running() as service:
            self.assert_done(self.device.run("token"))
            asked = json.loads(self.device.run("status", "--json").stdout)
            lines = self.device.run("status").stdout.decode()
        self.assertEqual(list(asked), list(alone))
        self.assertEqual((alone["service_process"], asked["service_process"]), (None, service.process.pid))
        self.assertEqual((alone["state"], asked["state"]), ("no token", "ready"))
        self.assertIn("state                 ready\n", lines)

    def test_watch(self) -> None:
        with self.running():
            self.assert_done(self.device.run("token"))
            watching = self.device.start("status", "--watch")
            time.sleep(2.5)
            watching.terminate()
            shown = watching.communicate()[0].decode()
        self.assertGreaterEqual(len(re.findall("state +ready", shown)), 2)
        self.assertRegex(shown, r"remaining +59 min \d\d s")

    def test_service_is_not_asked_for_another_server(self) -> None:
        other_server = self.new_server()
        other = self.new_device(other_server)
        other.settings["daemon"] = self.device.settings["daemon"]
        with self.running():
            self.assert_done(other.run("token"))
        self.assertEqual(other_server.token_requests, 1)

    def test_alone_although_the_service_runs(self) -> None:
        with self.running():
            self.assert_done(self.device.run("token"))
            self.device.settings["limits"]["timeout"] = "1"
            outcome = self.device.run("token", "--alone", "--force")
            self.assert_fails(outcome, EXIT_UNREACHABLE, mentions="another process keeps the lock")

    def test_token_that_the_api_refuses_is_replaced(self) -> None:
        with self.running():
            self.assert_done(self.device.run("token"))
            self.server.revoke_all_tokens()
            outcome = self.device.run("request", "GET", DEVICES)
            self.assertEqual(outcome.code, EXIT_REFUSED, "it just came: there is no use in another one")

    def test_long_answer_that_the_token_is_refused(self) -> None:
        with self.running():
            self.assert_done(self.device.run("token"))
            self.server.next_responses.append(
                Canned(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000)))
            outcome = self.device.run("request", "GET", DEVICES)
            self.assertEqual(outcome.code, EXIT_DONE, outcome)
            self.assertIn(b"printer-3", outcome.stdout)

    def test_stored_token_that_the_api_refuses_is_replaced(self) -> None:
        with self.running():
            self.assert_done(self.device.run("token"))
        self.server.revoke_all_tokens()
        self.device.go_on_later(20)
        with self.running():
            self.assert_done(self.device.run("request", "GET", DEVICES))
        self.assertEqual(self.server.token_requests, 2)

    def test_code(self) -> None:
        self.device.use_code("")
        del self.device.settings["grant"]["code_file"]
        with self.running() as service:
            self.assert_fails(self.device.run("token"), EXIT_NEEDS_CODE)
            code = self.device.write("new-code", self.server.add_code())
            self.assert_done(self.device.run("code", code))
            self.assert_done(self.device.run("token"))
            again = self.device.run("code", code)
            self.assertIn(again.code, (EXIT_DONE, EXIT_NEEDS_CODE), again)
            self.assertEqual(json.loads(self.device.run("status", "--json").stdout)["next_step"], "connect-auth login")
        self.assertEqual(self.server.token_requests, 1)
        self.assertNotIn(b"new-code", service.log)

    def test_doctor(self) -> None:
        with self.running():
            report = self.device.run("doctor")
        self.assertEqual(report.code, EXIT_DONE, report)
        self.assertIn(b"ok    service: it answers\n", report.stdout)


class Life(ServiceTest):
    """Signals, restarts, other settings, and bad weather."""

    def test_token_outlives_a_kill_and_a_restart(self) -> None:
        with self.running() as service, service.connect() as client:
            token = client.token()
            service.stop(signal.SIGKILL)
        with self.running() as service, service.connect() as client:
            self.assertEqual(client.token(), token)
        self.assertEqual(self.server.token_requests, 1)

    def test_it_ends_within_a_second(self) -> None:
        self.server.response_delay = 30.0
        for how in (signal.SIGTERM, signal.SIGINT):
            service = Service(self.device)
            service.wait_until_ready()
            with service.connect() as client:
                client.send(b"token\n")
                began = time.monotonic()
                self.assertEqual(service.stop(how), 0)
            self.assertLess(time.monotonic() - began, 1.0)
            self.assertFalse(service.socket.exists())

    def test_reload(self) -> None:
        with self.running() as service, service.connect() as client:
            token = client.token()
            self.device.settings["limits"]["renewal_margin"] = "30"
            self.hang_up(service, "event=reloaded")
            self.device.settings["limits"]["renewal_margin"] = "soon"
            self.hang_up(service, "event=not_reloaded")
            self.assertEqual(client.token(), token)
        self.assertIn(b"renewal_margin", service.log)
        self.assertEqual(self.server.token_requests, 1)

    def test_reload_takes_a_corrected_password(self) -> None:
        self.device.use_password(self.server.username, "wrong-password")
        with self.running() as service, service.connect() as client:
            self.assertRegex(client.ask("token"), "^error 3 ")
            self.device.use_password(self.server.username, PASSWORD)
            self.hang_up(service, "event=reloaded")
            client.token()

    def test_reload_counts_as_a_whole(self) -> None:
        self.device.use_password(self.server.username, "wrong-password")
        with self.running() as service, service.connect() as client:
            self.assertRegex(client.ask("token"), "^error 3 ")
            self.device.use_password(self.server.username, PASSWORD)
            self.device.settings["daemon"]["users"] = "no-such-user"
            self.hang_up(service, "event=not_reloaded")
            self.assertRegex(client.ask("token"), "^error 3 ")
        self.assertEqual(self.server.failed_logins, 1)

    def test_reload_keeps_secrets_of_the_environment(self) -> None:
        del self.device.settings["grant"]["password_file"]
        self.device.environment["CONNECT_AUTH_PASSWORD"] = PASSWORD
        with self.running() as service, service.connect() as client:
            self.hang_up(service, "event=reloaded")
            client.token()

    def hang_up(self, service: Service, event: str) -> None:
        """Has it read its configuration anew, and sees how that went."""
        self.device.write_configuration()
        service.process.send_signal(signal.SIGHUP)
        line = service.process.stderr.readline()
        while event.encode() not in line:
            self.assertTrue(line, f"no {event}")
            service.log += line
            line = service.process.stderr.readline()
        service.log += line

    def test_server_goes_and_comes_back(self) -> None:
        port = self.server.port
        self.server.stop()
        with self.running() as service, service.connect() as client:
            self.assertRegex(client.ask("token"), "^error 5 ")
            self.server = self.new_server(port=port)
            while not client.ask("renew").startswith("ok "):
                time.sleep(0.5)
            client.token()

    def test_full_disk(self) -> None:
        """Nothing can be written any more, the pipe of the log excepted."""
        self.assert_done(self.device.run("token"))
        self.assert_done(self.device.run("logout"))
        self.device.prefix = ["prlimit", "--fsize=0:0"]
        with self.running() as service, service.connect() as client:
            token = client.token()
            self.assertEqual(client.token(), token)
        self.assertIn(b"event=token_not_stored", service.log)

    def test_who_waits_during_a_reload_gets_a_token(self) -> None:
        self.server.response_delay = 2.0
        with self.running() as service, service.connect() as client:
            client.send(b"token\n")
            self.assertTrue(wait_until(lambda: self.server.count_connections() == 1))
            self.server.response_delay = 0.0
            began = time.monotonic()
            self.hang_up(service, "event=reloaded")
            self.assertIn(" token=", client.line())
            self.assertLess(time.monotonic() - began, 20)

    def test_too_few_descriptors_are_told(self) -> None:
        self.device.prefix = ["prlimit", "--nofile=80:80"]
        outcome = self.device.run("daemon")
        self.assertEqual(outcome.code, EXIT_USAGE, outcome)
        self.assertIn(b"raise that limit", outcome.stderr)

    def test_second_service_is_refused(self) -> None:
        self.device.settings["limits"] = {"timeout": "1", "connect_timeout": "1"}
        with self.running():
            second = self.device.run("daemon")
            self.assertEqual(second.code, EXIT_STORAGE, second)
            self.device.settings["store"]["path"] = str(self.device.directory / "other")
            third = self.device.run("daemon")
            self.assertEqual(third.code, EXIT_USAGE, third)
            self.assertIn(b"another service answers there", third.stderr)

    def test_left_over_socket_is_replaced(self) -> None:
        with self.running() as service:
            service.stop(signal.SIGKILL)
            self.assertTrue(service.socket.is_socket())
        with self.running() as service, service.connect() as client:
            client.token()

    def test_what_else_lies_at_the_sockets_place(self) -> None:
        place = pathlib.Path(self.device.settings["daemon"]["socket"])
        place.parent.mkdir()
        other = self.device.directory / "elsewhere"
        for make in (lambda: place.symlink_to(other), place.mkdir, lambda: place.write_text("precious")):
            make()
            outcome = self.device.run("daemon")
            self.assertEqual(outcome.code, EXIT_USAGE, outcome)
            self.assertIn(b"something else than a socket lies there", outcome.stderr)
            self.assertTrue(place.is_symlink() or place.exists())
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        self.assertFalse(other.exists())

    def test_directory_in_which_others_may_write(self) -> None:
        place = pathlib.Path(self.device.settings["daemon"]["socket"])
        place.parent.mkdir()
        place.parent.chmod(0o777)
        outcome = self.device.run("daemon")
        self.assertEqual(outcome.code, EXIT_USAGE, outcome)
        self.assertIn(b"others may write in its directory", outcome.stderr)

    def test_pid_file(self) -> None:
        file = self.device.directory / "pid"
        self.device.settings["daemon"]["pid_file"] = str(file)
        with self.running() as service:
            self.assertEqual(file.read_text(), f"{service.process.pid}\n")
        self.assertFalse(file.exists())


class Manager(ServiceTest):
    """The interfaces of systemd, with its part played here."""

    def setUp(self) -> None:
        super().setUp()
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.told.close)
        self.told.bind(str(self.device.directory / "notify"))
        self.told.settimeout(30)
        self.device.environment["NOTIFY_SOCKET"] = str(self.device.directory / "notify")

    def wait_for(self, state: str) -> str:
        """Until the manager is told so; the whole message."""
        while True:
            message = self.told.recv(4096).decode()
            if state in message.splitlines():
                return message

    def test_notification(self) -> None:
        with self.running() as service, service.connect() as client:
            self.wait_for("READY=1")
            client.token()
            self.wait_for("STATUS=Has a token")
            service.process.send_signal(signal.SIGHUP)
            self.assertRegex(self.wait_for("RELOADING=1"), r"(?m)^MONOTONIC_USEC=\d+$")
            self.wait_for("READY=1")
        self.wait_for("STOPPING=1")

    def test_watchdog(self) -> None:
        self.device.environment["WATCHDOG_USEC"] = "400000"
        with self.running():
            self.wait_for("WATCHDOG=1")
            began = time.monotonic()
            for _ in range(5):
                self.wait_for("WATCHDOG=1")
            self.assertLess(time.monotonic() - began, 5 * 0.4)

    def test_watchdog_of_another_process(self) -> None:
        self.device.environment |= {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}
        with self.running():
            time.sleep(0.5)
        self.told.settimeout(0)
        messages = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                messages += self.told.recv(4096)
        self.assertNotIn(b"WATCHDOG=1", messages)

    @unittest.skipIf(EMULATED, "the emulator's start is in the way")
    def test_socket_activation(self) -> None:
        place = self.device.settings["daemon"]["socket"]
        pathlib.Path(place).parent.mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place)
            listener.listen()
            # As systemd does: descriptor 3, and the number of the process that is to have it.
            self.device.prefix = ["/bin/bash", "-c", f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh"]
            self.device.write_configuration()
            process = subprocess.Popen(
                [*self.device.prefix, program(), "--config", str(self.device.configuration), "daemon"],
                env={"PATH": os.defpath} | {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
                pass_fds=[listener.fileno()], stderr=subprocess.PIPE)
            with Client(place) as client:
                client.token()
            process.terminate()
            process.communicate(timeout=30)
            self.assertEqual(process.returncode, 0)
            self.assertTrue(pathlib.Path(place).is_socket(), "it is the manager's")


@unittest.skipUnless(os.geteuid() == 0 and not EMULATED, "only root can be somebody else")
class Others(ServiceTest):
    """Who else may ask."""

    def setUp(self) -> None:
        super().setUp()
        self.device.directory.chmod(0o755)
        self.public = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.public.chmod(0o755)
        self.copy = self.public / "connect-auth"
        shutil.copy(program(), self.copy)

    def ask_as_nobody(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """A user without a configuration."""
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        return run_as(NOBODY, str(self.copy), *arguments, "--daemon-socket", self.device.settings["daemon"]["socket"],
                      cwd="/", env={"PATH": os.defpath} | kept)

    def test_user_that_is_allowed(self) -> None:
        self.device.settings["daemon"]["groups"] = str(NOBODY)
        with self.running():
            outcome = self.ask_as_nobody("token")
            self.assertEqual((outcome.returncode, outcome.stderr), (0, b""))
            self.assertEqual([outcome.stdout.decode().strip()], self.server.tokens_issued)

    def test_configuration_that_was_named_has_to_be_readable(self) -> None:
        self.device.settings["daemon"]["groups"] = str(NOBODY)
        with self.running():
            outcome = self.ask_as_nobody("token", "--config", str(self.device.configuration))
            self.assertEqual((outcome.returncode, outcome.stdout), (EXIT_USAGE, b""))
            self.assertIn(b"Permission denied", outcome.stderr)

    def test_user_that_is_not(self) -> None:
        with self.running() as service:
            service.socket.chmod(0o666)  # Else the kernel would not even let him connect.
            script = ("import contextlib, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                      "with contextlib.suppress(BrokenPipeError): s.sendall(b'token\\n')\n"
                      "print(s.makefile().read())")
            outcome = run_as(NOBODY, "/usr/bin/python3", "-c", script, str(service.socket))
            self.assertEqual(outcome.stdout, b"error 2 you may not ask this service\n\n", outcome)
            with service.connect() as client:
                self.assertIn("connect_auth_clients_denied_total 1\n", client.ask("metrics"))
        self.assertIn(b"event=denied user=65534", service.log)

    def test_mode_and_group_of_the_socket(self) -> None:
        self.device.settings["daemon"]["groups"] = f"{NOBODY}, 0"
        with self.running() as service:
            about = service.socket.stat()
            self.assertEqual((about.st_mode & 0o777, about.st_gid), (0o660, NOBODY))

    def test_user_that_is_not_allowed_any_more(self) -> None:
        self.device.settings["daemon"]["groups"] = str(NOBODY)
        with self.running() as service:
            script = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                      "s.sendall(b'token\\n'); s.recv(4096); print('in', flush=True); print(s.recv(1), flush=True)")
            with subprocess.Popen(["/usr/bin/python3", "-c", script, str(service.socket)], user=NOBODY, group=NOBODY,
                                  extra_groups=[], stdout=subprocess.PIPE) as client:
                self.assertEqual(client.stdout.readline(), b"in\n")
                self.device.settings["daemon"]["groups"] = "0"
                self.device.write_configuration()
                service.process.send_signal(signal.SIGHUP)
                self.assertEqual(client.stdout.readline(), b"b''\n")

    def test_foreign_socket_is_left_alone(self) -> None:
        place = pathlib.Path(self.device.settings["daemon"]["socket"])
        place.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as foreign:
            foreign.bind(str(place))
        os.chown(place, NOBODY, NOBODY)
        outcome = self.device.run("daemon")
        self.assertEqual(outcome.code, EXIT_USAGE, outcome)
        self.assertIn(b"belongs to another user", outcome.stderr)
        self.assertTrue(place.is_socket())

    def test_unknown_user(self) -> None:
        self.device.settings["daemon"]["users"] = "no-such-user"
        outcome = self.device.run("daemon")
        self.assertEqual(outcome.code, EXIT_USAGE)
        self.assertIn(b"nobody on this machine is called 'no-such-user'", outcome.stderr)


class Hostile(ServiceTest):
    """What a client can do to the others: nothing."""

    def test_line_without_end(self) -> None:
        with self.running() as service, service.connect() as client:
            sent = 0
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while sent < 1 << 30:
                    sent += client.socket.send(b"x" * 65536)
            self.assertLess(sent, 1 << 20)
            self.assertLess(service.peak_kilobytes(), self.most_kilobytes())

    def most_kilobytes(self) -> int:
        """A tenth of a megabyte more than the goal of 3 MB, of which 1.8 are the C library's. Sanitizers and
        emulators have memory of their own."""
        return 1 << 20 if EMULATED or SANITIZED else 3300

    def test_stalled_clients_are_cut_off(self) -> None:
        with self.running() as service, service.connect() as half, service.connect() as deaf:
            half.send(b"tok")
            with contextlib.suppress(BlockingIOError):
                deaf.socket.setblocking(False)
                while True:
                    deaf.socket.send(b"token\n" * 1000)
            began = time.monotonic()
            self.assertTrue(half.is_closed())
            self.assertLess(time.monotonic() - began, 8)
            with service.connect() as client:
                self.assertTrue(wait_until(lambda: "connect_auth_clients_cut_off_total 2\n" in client.ask("metrics"), 10))

    def test_too_many_costly_queries(self) -> None:
        with self.running() as service, service.connect() as client:
            client.send(b"status brief\n" * 100)
            answers = client.stream.read().decode()
            self.assertEqual(answers.count("ok length="), 20)
            self.assertTrue(answers.endswith("error 5 too many queries in a second; come back later\n"))

    def test_flood(self) -> None:
        """A thousand clients, of which most stall or send garbage; the token stays to be had at once."""
        with self.running() as service, service.connect() as good:
            token = good.token()
            before = service.descriptors()
            slowest = 0.0
            with contextlib.ExitStack() as stack:
                for number in range(1000):
                    bad = stack.enter_context(service.connect())
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        bad.send((b"", b"tok", os.urandom(700), b"token\n" * 300, b"status json\n" * 9)[number % 5])
                    if number % 10 == 0:
                        began = time.monotonic()
                        with service.connect() as client:
                            self.assertEqual(client.token(), token)
                        slowest = max(slowest, time.monotonic() - began)
                peak = service.peak_kilobytes()
            self.assertLess(slowest, 1.0)
            self.assertLess(peak, self.most_kilobytes())
            with service.connect() as client:
                self.assertEqual(client.token(), token)
                self.assertTrue(wait_until(lambda: service.descriptors() <= before + 1))
            print(f"flood: slowest answer {slowest * 1000:.1f} ms, peak {peak} KB")
        self.assertEqual(self.server.token_requests, 1)


class Soak(ServiceTest):
    """Tokens that live for two seconds, although two requests are at least 15 seconds apart."""

    MOST = 20 * 3600  # The certificates' first day began a day ago.

    def disturb(self, end: float) -> None:
        """Steps the clock all the time, and restarts the server now and then."""
        chance = random.Random(1)
        self.restarts = 0
        while time.monotonic() < end:
            self.device.step_the_clock(chance.randint(-self.MOST, self.MOST))
            if chance.random() < 0.1:
                port = self.server.port
                self.server.stop()
                time.sleep(chance.uniform(0, 5))
                self.start_server(port)
                self.restarts += 1
            time.sleep(1)

    def start_server(self, port: int = 0) -> None:
        """A server that knows no token, as one has none after a restart."""
        server = self.new_server(port=port)
        server.lifetime = 2
        self.server = server
        self.servers.append(server)

    def test_the_newest_token_is_always_to_be_had(self) -> None:
        seconds = float(os.environ.get("CONNECT_AUTH_SOAK", "12"))
        self.servers = [self.server]
        self.server.lifetime = 2
        self.device.step_the_clock(0)
        self.device.settings["daemon"]["retry_period"] = "5"
        asked = 0
        tokens = set()
        with self.running() as service, service.connect() as client:
            client.socket.settimeout(90)
            end = time.monotonic() + seconds
            disturber = threading.Thread(target=self.disturb, args=(end,))
            disturber.start()
            while time.monotonic() < end:
                server = self.server
                newest = server.tokens_issued[-1:]
                was_valid = bool(newest) and server.is_valid(newest[0])
                answer = client.ask("token wait=60")
                self.assertIn(" token=", answer)
                token = answer.rpartition("=")[2]
                if was_valid and server.is_valid(newest[0]):
                    self.assertEqual(token, newest[0], "a valid token was there")
                asked += 1
                tokens.add(token)
                time.sleep(0.02)
            disturber.join()
        requests = sum(server.token_requests for server in self.servers)
        print(f"soak: {asked} tokens in {seconds:.0f} s, {requests} requests, {len(tokens)} tokens, {self.restarts} restarts")
        self.assertEqual(requests, len(set().union(*(server.tokens_issued for server in self.servers))))
        self.assertLessEqual(len(tokens), requests)
        # None before 15 seconds have passed since the last.
        self.assertLessEqual(requests, 1 + seconds / 15 + 1)


if __name__ == "__main__":
    unittest.main()
