# SPDX-License-Identifier: Apache-2.0
"""Listeners that record every byte they receive, and just enough HTTP/1.1 for a test server.

TLS runs over memory BIOs and not over `ssl.SSLSocket`: so the bytes on the wire are seen too, also
those of a handshake that fails, and a connection can be cut without a close_notify.
"""

import base64
import contextlib
import dataclasses
import enum
import errno
import json
import select
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import IO

_RAW_LIMIT = 1 << 20  # of one connection; what follows is counted only
_HEAD_LIMIT = 1 << 18
_LINGER_SECONDS = 5.0


class Ending(enum.Enum):
    """What happens to a connection after an answer."""

    KEEP_OPEN = "keep open"
    CLOSE_NOTIFY = "TLS close_notify, then FIN"
    ABRUPT = "FIN without close_notify"
    RESET = "RST"


class BadRequest(Exception):
    """The peer sent no HTTP/1.1 request."""


@dataclasses.dataclass
class Request:
    """One request as it came, and the status it was answered with (0: none)."""

    raw: bytes
    method: str
    target: str
    fields: list[tuple[str, str]]
    body: bytes
    status: int = 0
    answered: bool = False  # the whole answer has been handed to the network

    def field(self, name: str) -> str | None:
        """The value of a header field, compared without case; the first one if repeated."""
        return next((v for k, v in self.fields if k.lower() == name.lower()), None)

    def count(self, name: str) -> int:
        """How often a header field was sent."""
        return sum(1 for k, _ in self.fields if k.lower() == name.lower())

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclasses.dataclass
class Connection:
    """One TCP connection and all that came over it."""

    peer: str
    raw: bytearray = dataclasses.field(default_factory=bytearray)
    raw_count: int = 0
    tls_version: str | None = None
    cipher: str | None = None
    sni: str | None = None
    alpn: str | None = None
    resumed: bool = False
    client: str | None = None  # the common name in the client's certificate
    handshake_error: str | None = None
    plaintext: bytearray = dataclasses.field(default_factory=bytearray)
    requests: list[Request] = dataclasses.field(default_factory=list)
    ended: bool = False

    def add_raw(self, data: bytes) -> None:
        """Records bytes as the network delivered them."""
        self.raw_count += len(data)
        self.raw += data[: max(0, _RAW_LIMIT - len(self.raw))]

    def summary(self) -> dict[str, object]:
        """For the log: everything but the requests, which are logged as they come."""
        return {
            "peer": self.peer,
            "tls": self.tls_version,
            "cipher": self.cipher,
            "sni": self.sni,
            "alpn": self.alpn,
            "resumed": self.resumed,
            "handshake_error": self.handshake_error,
            "requests": len(self.requests),
            "octets": self.raw_count,
            "raw_b64": base64.b64encode(bytes(self.raw)).decode(),
        }


class PlainStream:
    """Bytes to and from a socket, recorded."""

    def __init__(self, sock: socket.socket, record: Connection) -> None:
        self._socket = sock
        self._record = record

    def receive(self) -> bytes:
        """The next bytes; none means that the peer is done."""
        data = self._receive_raw()
        self._record.plaintext += data
        return data

    def send(self, data: bytes) -> None:
        """Sends everything."""
        self._socket.sendall(data)

    def end(self, ending: Ending) -> None:
        """Ends the connection; what the peer still sends is recorded."""
        if ending is Ending.RESET:
            linger = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._socket.close()
            return
        with contextlib.suppress(OSError):
            if ending is Ending.CLOSE_NOTIFY:
                self._say_goodbye()
            self._socket.shutdown(socket.SHUT_WR)
        self.drain()

    def drain(self) -> None:
        """Closing with unread data would reset the connection and destroy our last answer."""
        with contextlib.suppress(OSError):
            self._socket.settimeout(_LINGER_SECONDS)
            while self._receive_raw():
                pass

    def read_no_more(self) -> None:
        """Leaves what the peer sends where it is, until the peer or this server goes away."""
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)
        poll.poll()

    def _receive_raw(self) -> bytes:
        data = self._socket.recv(65536)
        self._record.add_raw(data)
        return data

    def _say_goodbye(self) -> None:
        """TLS has something to say here."""


class TlsStream(PlainStream):
    """The same through TLS."""

    def __init__(
        self, sock: socket.socket, record: Connection, context: ssl.SSLContext
    ) -> None:
        super().__init__(sock, record)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._tls.connection_record = record  # for the SNI callback

    def handshake(self) -> None:
        """Raises ssl.SSLError or OSError, and records why."""
        try:
            self._pump(self._tls.do_handshake)
        except (ssl.SSLError, OSError) as error:
            self._record.handshake_error = str(error) or repr(error)
            raise
        cipher = self._tls.cipher()
        self._record.tls_version = self._tls.version()
        self._record.cipher = cipher[0] if cipher else None
        self._record.alpn = self._tls.selected_alpn_protocol()
        self._record.resumed = bool(self._tls.session_reused)
        shown = self._tls.getpeercert() or {}
        names = {name: value for part in shown.get("subject", ()) for name, value in part}
        self._record.client = names.get("commonName")

    def receive(self) -> bytes:
        try:
            data = self._pump(lambda: self._tls.read(65536))
        except ssl.SSLError:
            return b""  # cut without close_notify
        self._record.plaintext += data
        return data

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), 262144):
            self._tls.write(view[start : start + 262144])
            self._flush()

    def _say_goodbye(self) -> None:
        with contextlib.suppress(ssl.SSLError):  # it wants the peer's close_notify in return
            self._tls.unwrap()
        self._flush()

    def _pump(self, operation: Callable[[], bytes | None]) -> bytes:
        while True:
            try:
                result = operation()
                self._flush()
                return result or b""
            except ssl.SSLWantReadError:
                self._flush()
            except ssl.SSLError:
                self._flush()  # our alert
                raise
            data = self._receive_raw()
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())


class RequestReader:
    """Cuts a stream into requests."""

    def __init__(
        self, stream: PlainStream, is_answered: Callable[[Request], bool] = lambda _: False
    ) -> None:
        """`is_answered` says of a request without its body whether that is not to be read."""
        self._stream = stream
        self._is_answered = is_answered
        self._buffer = bytearray()
        self._taken = bytearray()

    def next(self) -> Request | None:
        """The next whole request; None when the peer ended the connection instead."""
        self._taken = bytearray()
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                raise BadRequest("header section too long")
            if not self._fill():
                return None
        request = _parse_head(self._take(end + 4))
        if self._is_answered(request):
            return None
        if (request.field("Expect") or "").lower() == "100-continue":
            self._stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._read_body(request)
        if body is None:
            return None
        request.body = body
        request.raw = bytes(self._taken)
        return request

    def _read_body(self, request: Request) -> bytes | None:
        if "chunked" in (request.field("Transfer-Encoding") or "").lower():
            return self._read_chunks()
        length = request.field("Content-Length") or "0"
        if not length.isdecimal():
            raise BadRequest("Content-Length is not a number")
        return self._read(int(length))

    def _read_chunks(self) -> bytes | None:
        body = bytearray()
        while (line := self._read_line()) is not None:
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError as error:
                raise BadRequest("bad chunk size") from error
            chunk = self._read(size)
            if chunk is None or self._read_line() is None:
                return None
            if size == 0:
                return bytes(body)
            body += chunk
        return None

    def _read_line(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if not self._fill():
                return None
        return self._take(end + 2)[:-2]

    def _read(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not self._fill():
                return None
        return self._take(size)

    def _fill(self) -> bool:
        data = self._stream.receive()
        self._buffer += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._taken += taken
        return taken


def _parse_head(head: bytes) -> Request:
    lines = head[:-4].decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest("bad request line")
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest("bad header field")
        fields.append((name, value.strip(" \t")))
    return Request(raw=b"", method=parts[0], target=parts[1], fields=fields, body=b"")


def _bind_loopback(port: int) -> list[socket.socket]:
    """One listening socket per address family, all on one port."""
    for _ in range(20):
        bound: list[socket.socket] = []
        try:
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                with contextlib.suppress(_NoSuchFamily):
                    number = bound[0].getsockname()[1] if bound else port
                    bound.append(_bind(family, address, number))
            return bound
        except OSError:
            for sock in bound:
                sock.close()
            if port:
                raise
    raise OSError("no port is free on both 127.0.0.1 and ::1")


class _NoSuchFamily(Exception):
    """This machine has no IPv6 (or no IPv4) loopback."""


def _bind(family: int, address: str, port: int) -> socket.socket:
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _NoSuchFamily from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(128)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if family == socket.AF_INET6 and not isinstance(error, PermissionError):
            if error.errno == errno.EADDRNOTAVAIL:  # IPv6 is switched off
                raise _NoSuchFamily from error
        raise
    return sock


class Listener:
    """Accepts on loopback, one thread per connection, and remembers everything received."""

    scheme = "http"

    def __init__(self, port: int = 0, address: str | None = None) -> None:
        self.connections: list[Connection] = []
        self.accept_delay = 0.0
        self.handshake_delay = 0.0
        self.response_delay = 0.0
        self.log: IO[str] | None = None
        self._address = address
        self._wanted_port = port
        self._changed = threading.Condition(threading.RLock())
        self._stopping = threading.Event()
        self._listening: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._wake: tuple[socket.socket, socket.socket] | None = None
        self.port = 0

    def __enter__(self) -> "Listener":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where clients find this server."""
        return f"{self.scheme}://localhost:{self.port}"

    def start(self) -> None:
        """Binds and begins to accept."""
        if self._address:
            self._listening = [_bind(socket.AF_INET, self._address, self._wanted_port)]
        else:
            self._listening = _bind_loopback(self._wanted_port)
        self.port = self._listening[0].getsockname()[1]
        self._wake = socket.socketpair()
        self._spawn(self._accept_all)

    def stop(self) -> None:
        """Closes every connection and waits for the threads."""
        self._stopping.set()
        if self._wake:
            self._wake[1].close()
        with self._changed:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
        for sock in self._listening:
            sock.close()
        if self._wake:
            self._wake[0].close()

    def wait_for(self, condition: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Waits until something received makes the condition true."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def wait_ended(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Waits until at least `count` connections came and every one of them is over."""
        return self.wait_for(
            lambda: len(self.connections) >= count and all(one.ended for one in self.connections),
            timeout,
        )

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until every connection made before this call was accepted, served and is over.

        A client may have come and gone before its connection is even accepted: who wants to say
        "nothing came" must wait behind it. Connections are accepted in order, so one of our own
        tells when all earlier ones are known; it leaves no trace.
        """
        for listening in [] if self._stopping.is_set() else self._listening:
            with socket.socket(listening.family) as marker:
                marker.connect(listening.getsockname())
                peer = "{} {}".format(*marker.getsockname()[:2])
            if not self.wait_for(lambda peer=peer: self._forget(peer), timeout):
                return False
        return self.wait_ended(0, timeout)

    def _forget(self, peer: str) -> bool:
        """Drops the record of an ended connection; tells whether there was one."""
        for index, record in enumerate(self.connections):
            if record.peer == peer and record.ended:
                del self.connections[index]
                return True
        return False

    def count_connections(self) -> int:
        """TCP connections made so far, also such as came and went at once."""
        if not self.settle():
            raise TimeoutError("a connection is still open")
        return len(self.connections)

    @property
    def requests(self) -> list[Request]:
        """Every whole request of every connection."""
        with self._changed:
            return [request for record in self.connections for request in record.requests]

    def received(self) -> bytes:
        """All that ever came: bytes of the wire, then plaintext, connection by connection."""
        with self._changed:
            return b"\n".join(
                part for one in self.connections for part in (bytes(one.raw), bytes(one.plaintext))
            )

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """Handles one connection, in a thread of its own."""
        raise NotImplementedError

    def note(self, event: str, details: dict[str, object]) -> None:
        """Wakes those who wait, and writes a line to the log."""
        with self._changed:
            self._changed.notify_all()
            if self.log:
                line = {"time": round(time.time(), 3), "event": event, **details}
                print(json.dumps(line), file=self.log, flush=True)

    def pause(self, seconds: float) -> None:
        """A delay that ends early when the server stops."""
        if seconds > 0:
            self._stopping.wait(seconds)

    @property
    def is_stopping(self) -> bool:
        """Whether what takes long is to end."""
        return self._stopping.is_set()

    @property
    def lock(self) -> threading.Condition:
        """Guards the records and whatever state a server has."""
        return self._changed

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in (*self._listening, self._wake[0]):
                selector.register(sock, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select():
                    if key.fileobj in self._listening:
                        self.pause(self.accept_delay)
                        self._accept(key.fileobj)

    def _accept(self, listening: socket.socket) -> None:
        try:
            sock, peer = listening.accept()
        except OSError:
            return  # gone again already
        sock.setblocking(True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        record = Connection(peer=f"{peer[0]} {peer[1]}")
        with self._changed:
            self.connections.append(record)
            self._open.add(sock)
        self.note("accepted", {"peer": record.peer})
        self._spawn(self._serve, sock, record)

    def _serve(self, sock: socket.socket, record: Connection) -> None:
        try:
            self.serve(sock, record)
        except OSError:
            pass  # the peer went away
        finally:
            with self._changed:
                self._open.discard(sock)
                record.ended = True
            sock.close()
            self.note("connection", record.summary())


class SilentServer(Listener):
    """Accepts, reads and never answers."""

    scheme = "https"

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """Reads until the peer gives up."""
        while PlainStream(sock, record).receive():
            self.note("bytes", {"peer": record.peer, "octets": record.raw_count})


class PlainServer(Listener):
    """Speaks plain HTTP where a client expects TLS."""

    scheme = "https"
    ANSWER = (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 64\r\n"
        b"Connection: close\r\n\r\n"
        b"<html><body>This is plain HTTP on the port of TLS.</body></html>"
    )

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """Answers the first bytes, whatever they are, as web servers do."""
        stream = PlainStream(sock, record)
        if stream.receive():
            stream.send(self.ANSWER)
        stream.end(Ending.ABRUPT)

