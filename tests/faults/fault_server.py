# SPDX-License-Identifier: Apache-2.0
"""A server that does one thing wrong: each byte of its answer, and of its TLS, is up to the case.

It has no idea of OAuth. What it is told to answer it sends, in pieces of any size, and it records
whatever it gets: so it can tell afterwards whether a secret was among that.
"""

import contextlib
import dataclasses
import random
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "server"))

from certificates import Chain  # noqa: E402
from transport import (  # noqa: E402
    BadRequest,
    Connection,
    Ending,
    Listener,
    PlainStream,
    RequestReader,
    TlsStream,
)

TOKEN_PATH = "/Connect/api/token"
GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 66\r\n\r\n"
    b'{"access_token":"AbC-_12","token_type":"bearer","expires_in":3600}'
)
ENDINGS = {
    "open": Ending.KEEP_OPEN, "notice": Ending.CLOSE_NOTIFY, "cut": Ending.ABRUPT,
    "reset": Ending.RESET,
}
_DRIP_SECONDS = 0.1
_PAUSE_SECONDS = 0.02
# An answer is taken to pieces up to here; the flood behind would last as long as a test may.
_IN_PIECES = 3000

# How an answer is cut: into records of TLS, each of which is then cut into segments of TCP.
PIECES = ("whole", "octets", "head", "segments", "random", "drip")


@dataclasses.dataclass
class Plan:
    """What the server does. What is not said here it does well."""

    chain: Chain
    answer: bytes = GOOD
    endless: bytes = b""  # sent behind the answer again and again, until the client has enough
    ends: str = "open"
    pieces: str = "whole"
    seed: int = 0
    raw: bytes | None = None  # sent instead of TLS, as soon as the client has said something
    accepts: bool = True
    handshake_octets: int | None = None  # of the server's TLS, before it falls silent or hangs up
    api_only: bool = False  # the token is given out well, and what follows is not
    address: str | None = None  # None: both of the loopback's
    deaf: str = ""  # another address, with the same port, that answers nobody
    behind_proxy: bool = False  # takes CONNECT first, as if it were the proxy as well
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (
        ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3,
    )
    ciphers: str = ""  # in OpenSSL's words
    curve: str = ""


class _Silent(Exception):
    """The server has sent as much of its handshake as it was to."""


class _CutStream(TlsStream):
    """TLS in segments of its own size, and perhaps only the beginning of it."""

    def __init__(
        self, sock: socket.socket, record: Connection, context: ssl.SSLContext, limit: int | None
    ) -> None:
        super().__init__(sock, record, context)
        self._left = limit
        self.segments: Iterator[int] | None = None  # sizes; None: whatever fits

    def _flush(self) -> None:
        data = self._outgoing.read()
        if self._left is not None:
            self._socket.sendall(data[: self._left])
            self._left -= len(data)
            if self._left <= 0:
                raise _Silent
            return
        while data and self.segments:
            size = next(self.segments)
            self._socket.sendall(data[:size])
            data = data[size:]
        if data:
            self._socket.sendall(data)

    def outlast(self) -> None:
        """Waits until the peer has had enough."""
        while self._receive_raw():
            pass


def context_of(plan: Plan) -> ssl.SSLContext:
    """OpenSSL as weak as the plan wants it: what it refuses by itself would never be tested."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{plan.ciphers or 'DEFAULT'}:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = plan.versions
    context.load_cert_chain(plan.chain.chain_file, plan.chain.key_file)
    context.set_alpn_protocols(["http/1.1"])
    if plan.curve:
        context.set_ecdh_curve(plan.curve)
    return context


def records_of(answer: bytes, pieces: str, dice: random.Random) -> Iterator[bytes]:
    """An answer as the records that it is sent in."""
    front, rest = answer[:_IN_PIECES], answer[_IN_PIECES:]
    if pieces in ("octets", "drip"):
        yield from (bytes([octet]) for octet in front)
    elif pieces == "head":
        end = answer.find(b"\r\n\r\n") + 4
        yield from (answer[:end], answer[end:])
        return
    elif pieces == "random":
        while front:
            size = dice.choice((1, 2, 3, 10, 100, 1000))
            yield front[:size]
            front = front[size:]
    else:
        yield answer
        return
    yield rest


def _deaf_socket(address: tuple[str, int]) -> socket.socket:
    """Its queue is full, so that the kernel drops whoever wants to connect."""
    deaf = socket.create_server(address, backlog=0)
    for _ in range(2):
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.connect_ex(address)
    return deaf


class FaultServer(Listener):
    """Follows its plan on every connection."""

    scheme = "https"

    def __init__(self, plan: Plan) -> None:
        super().__init__(address=plan.address)
        self.chain = plan.chain
        self._plan = plan
        self._deaf: socket.socket | None = None
        self._dice = random.Random(plan.seed)
        self._context = None if plan.raw is not None else context_of(plan)
        if not plan.accepts:
            self.accept_delay = 3600.0

    def start(self) -> None:
        """As it is, and makes an address deaf."""
        super().start()
        if self._plan.deaf:
            self._deaf = _deaf_socket((self._plan.deaf, self.port))

    def stop(self) -> None:
        """Likewise."""
        super().stop()
        if self._deaf:
            self._deaf.close()

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """One connection."""
        with contextlib.suppress(BadRequest, ssl.SSLError):
            if self._plan.behind_proxy:
                self._be_a_proxy(PlainStream(sock, record))
            if self._plan.raw is None:
                self._speak_tls(sock, record)
            else:
                self._speak_plainly(PlainStream(sock, record))

    def _be_a_proxy(self, stream: PlainStream) -> None:
        RequestReader(stream).next()
        stream.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

    def _speak_plainly(self, stream: PlainStream) -> None:
        if stream.receive():
            stream.send(self._plan.raw)
            self._end(stream)

    def _speak_tls(self, sock: socket.socket, record: Connection) -> None:
        stream = _CutStream(sock, record, self._context, self._plan.handshake_octets)
        try:
            stream.handshake()
        except _Silent:
            return stream.outlast() if self._plan.ends == "open" else self._end(stream)
        except ssl.SSLError:
            return stream.drain()
        reader = RequestReader(stream)
        while (request := reader.next()) is not None:
            record.requests.append(request)
            if self._plan.api_only and request.path == TOKEN_PATH:
                stream.send(GOOD)
                continue
            self._answer(stream)
            return self._end(stream)
        return stream.end(Ending.CLOSE_NOTIFY)

    def _answer(self, stream: _CutStream) -> None:
        plan = self._plan
        if plan.pieces in ("segments", "random"):
            largest = 1 if plan.pieces == "segments" else 40
            sizes = (self._dice.randint(1, largest) for _ in range(_IN_PIECES))
            stream.segments = (next(sizes, 1 << 20) for _ in iter(int, 1))
        for record in records_of(plan.answer, plan.pieces, self._dice):
            if record:
                stream.send(record)
            if plan.pieces in ("head", "drip"):
                self.pause(_DRIP_SECONDS if plan.pieces == "drip" else _PAUSE_SECONDS)
        while plan.endless and not self.is_stopping:
            stream.send(plan.endless)

    def _end(self, stream: PlainStream) -> None:
        ending = ENDINGS[self._plan.ends]
        if ending is not Ending.KEEP_OPEN:
            return stream.end(ending)
        while stream.receive():
            pass
        return None
