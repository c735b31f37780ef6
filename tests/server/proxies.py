# SPDX-License-Identifier: Apache-2.0
"""Proxies between a device and its server: Debian's tinyproxy, ones that misbehave, and a relay that records
what a proxy gets to see."""

import contextlib
import pathlib
import selectors
import shutil
import socket
import subprocess
import tempfile
import time

from transport import BadRequest, Connection, Ending, Listener, PlainStream, RequestReader

PACKAGE = "tinyproxy-bin"
_PATIENCE_SECONDS = 20.0


def is_installed() -> bool:
    """Whether there is a tinyproxy."""
    return shutil.which("tinyproxy") is not None


def pass_on(client: socket.socket, port: int, record: Connection) -> None:
    """Connects to a port of this machine, and passes on and records both ways until either end is done."""
    with contextlib.closing(socket.create_connection(("localhost", port))) as server:
        other = {client: server, server: client}
        with selectors.DefaultSelector() as selector:
            for sock in other:
                selector.register(sock, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    record.add_raw(data)
                    other[key.fileobj].sendall(data)


class Relay(Listener):
    """Passes everything on to a port of this machine; `received()` is what went either way."""

    def __init__(self, target: int) -> None:
        super().__init__()
        self._target = target

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """One connection."""
        pass_on(sock, self._target, record)


class OwnProxy(Listener):
    """Answers whatever it is asked with `answer`; what follows is up to the other arguments."""

    def __init__(
        self, answer: bytes, then: int | None = None, hangs_up: bool = False, afterwards: bytes = b""
    ) -> None:
        """`then`: a port of this machine that it leads to, whatever was asked for. `afterwards`: sent when
        the client has said something more."""
        super().__init__()
        self._answer = answer
        self._then = then
        self._hangs_up = hangs_up
        self._afterwards = afterwards

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """One connection."""
        stream = PlainStream(sock, record)
        with contextlib.suppress(BadRequest):
            request = RequestReader(stream).next()
            if request is not None:
                record.requests.append(request)
                stream.send(self._answer)
        if self._then is not None:
            return pass_on(sock, self._then, record)
        if self._afterwards and stream.receive():
            stream.send(self._afterwards)
        if self._hangs_up:
            return stream.end(Ending.ABRUPT)
        while stream.receive():
            pass
        return None


class Tinyproxy:
    """Runs tinyproxy on a port of its own, as a context manager."""

    def __init__(self, connect_port: int, user: str = "", password: str = "") -> None:
        """`connect_port` is the only one that it makes connections to."""
        self._settings = [f"ConnectPort {connect_port}"]
        if user:
            self._settings.append(f"BasicAuth {user} {password}")
        self._stack = contextlib.ExitStack()
        self._log: pathlib.Path | None = None
        self.port = 0

    def __enter__(self) -> "Tinyproxy":
        with contextlib.ExitStack() as stack:
            directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._log = directory / "log"
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            configuration = directory / "tinyproxy.conf"
            configuration.write_text("\n".join([
                f"Port {self.port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "Timeout 60", "LogLevel Connect",
                f'LogFile "{self._log}"', *self._settings, "",
            ]))
            process = subprocess.Popen(
                ["tinyproxy", "-d", "-c", str(configuration)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            self._wait_until_it_listens(process)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def log(self) -> str:
        """What it wrote of itself."""
        return self._log.read_text(encoding="utf-8") if self._log and self._log.exists() else ""

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError(f"tinyproxy does not run:\n{self.log()}")
