# SPDX-License-Identifier: Apache-2.0
"""Runs `connect-auth daemon`, and asks it as its clients do."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
from collections.abc import Iterator

from harness import Device, ProgramTest, wait_until


class Client:
    """A connection to the service. Lines in, lines out."""

    def __init__(self, path: str | pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.stream = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Octets as they are."""
        self.socket.sendall(data)

    def line(self) -> str:
        """The next line, without its end; empty: there is none any more."""
        return self.stream.readline().decode().removesuffix("\n")

    def ask(self, query: str) -> str:
        """A query's answer; of a text, the text."""
        self.send(query.encode() + b"\n")
        answer = self.line()
        length = re.fullmatch(r"ok length=(\d+)", answer)
        return self.stream.read(int(length[1])).decode() if length else answer

    def token(self, *arguments: str) -> str:
        """The token, which has to be there."""
        answer = self.ask(" ".join(("token", *arguments)))
        return re.fullmatch(r"ok generation=\d+ expires_in=(?:\d+|unknown) token=(.+)", answer)[1]

    def is_closed(self) -> bool:
        """Whether the service has hung up, whatever it said before."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(65536):
                pass
        return True


class Service:
    """A running service of a device."""

    def __init__(self, device: Device, *arguments: str) -> None:
        self.device = device
        self.socket = pathlib.Path(device.settings["daemon"]["socket"])
        self.process = device.start(*arguments, "daemon")
        self.log = b""

    def wait_until_ready(self) -> None:
        """Until it listens; a service that ends instead is a failure."""
        assert wait_until(lambda: self.answers() or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()

    def answers(self) -> bool:
        """Whether it lets anybody in."""
        with contextlib.suppress(OSError), Client(self.socket):
            return True
        return False

    def connect(self) -> Client:
        """A client, to be closed by the caller."""
        return Client(self.socket)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Ends it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.log += self.process.communicate(timeout=30)[1]
        return self.process.returncode

    def descriptors(self) -> int:
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def peak_kilobytes(self) -> int:
        """Of its resident memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


class ServiceTest(ProgramTest):
    """A device with a service that is not started yet."""

    def setUp(self) -> None:
        super().setUp()
        self.prepare(self.device)

    def prepare(self, device: Device) -> None:
        """Says where its service is to be."""
        device.settings["daemon"] = {"socket": str(device.directory / "run" / "socket")}

    @contextlib.contextmanager
    def running(self, *arguments: str, device: Device | None = None) -> Iterator[Service]:
        """A service that answers, and that says no secret and ends well."""
        service = Service(device or self.device, *arguments)
        try:
            service.wait_until_ready()
            yield service
        finally:
            code = service.stop()
        self.assertIn(code, (0, -signal.SIGKILL), service.log)
        self.assert_no_secret(service.log, self.secrets_of(service.device))


def run_as(user: int, *command: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """A command as another user, without groups. Only root can."""
    return subprocess.run(command, user=user, group=user, extra_groups=[], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **options)
