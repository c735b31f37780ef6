#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the program where names resolve badly: slowly, not at all, or to addresses that are dead.

It makes a network and a file system of its own (Linux namespaces), with a name server that it plays
itself. Where that is not allowed it says so, and ends with 77. Options are those of faults.py.
"""

import dataclasses
import fcntl
import functools
import ipaddress
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import faults  # noqa: E402  first: it sets the module path
import chains  # noqa: E402
from chains import Certificate, Recipe  # noqa: E402
from fault_server import Plan  # noqa: E402
from harness import EXIT_DONE, EXIT_UNREACHABLE  # noqa: E402
from table import Case  # noqa: E402

SKIPPED = 77
DOMAIN = "domain.example"
# The C library asks again after a second, and gives up after another.
_RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n"
_SWITCH = "hosts: files dns\n"
_MARK = "CONNECT_AUTH_TEST_NAMESPACE"  # in the environment of who is inside
_UNSHARE = ("unshare", "--map-root-user", "--net", "--mount")

_VERSIONS = {1: 4, 28: 6}  # of IP, by the type of a record
_ALIAS = 5
_FAILED, _NO_SUCH_NAME, _REFUSED = 2, 3, 5
_TRUNCATED = 0x0200
_LARGEST_DATAGRAM = 512

# The C library sorts addresses by how much they have in common with its own, 127.0.0.1: the dead ones
# come first.
DEAD = tuple(f"127.0.0.{n}" for n in range(100, 200))  # Nobody listens there.
DEAF = "127.0.0.66"  # Takes no connection and says nothing.
NOWHERE = "192.0.2.1"  # There is no way there.
HERE, HERE6 = "127.9.9.9", "::1"


@dataclasses.dataclass
class Name:
    """What the name server knows of a name, and how it says so."""

    addresses: tuple[str, ...] = ()
    code: int = 0
    delay: float = 0.0  # seconds
    loses: int = 0  # so many questions, the first ones
    silent_about: int = 0  # a version of IP
    alias: str = ""  # the first label of another name
    garbage: bool = False
    asked: int = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """A name and what comes of it."""

    name: Name
    code: int = EXIT_DONE
    says: str = ""
    waits: int = 0


_NO_NAME = "there is no host of the name"
_CANNOT = "cannot connect to"
_TOO_LATE = "did not answer within 2 s"
ROWS = {
    "one-address": Row(Name((HERE,))),
    "ipv6-only": Row(Name((HERE6,))),
    "both": Row(Name(("127.0.0.1", HERE6))),
    "alias": Row(Name(alias="one-address")),
    "alias-of-itself": Row(Name(alias="alias-of-itself"), EXIT_UNREACHABLE, "name"),
    "no-such-name": Row(Name(code=_NO_SUCH_NAME), EXIT_UNREACHABLE, _NO_NAME),
    "no-address": Row(Name(), EXIT_UNREACHABLE, _NO_NAME),
    "failed": Row(Name(code=_FAILED), EXIT_UNREACHABLE, _CANNOT),
    "refused": Row(Name(code=_REFUSED), EXIT_UNREACHABLE, _CANNOT),
    "garbage": Row(Name((HERE,), garbage=True), EXIT_UNREACHABLE, _TOO_LATE, 2),
    "silent": Row(Name((HERE,), loses=99), EXIT_UNREACHABLE, _TOO_LATE, 2),
    "slow": Row(Name((HERE,), delay=0.7)),
    "too-slow": Row(Name((HERE,), delay=5), EXIT_UNREACHABLE, _TOO_LATE, 2),
    "question-lost": Row(Name((HERE,), loses=1)),
    "silent-about-ipv6": Row(Name((HERE,), silent_about=6)),
    "first-dead": Row(Name((DEAD[0], HERE))),
    "ipv6-dead": Row(Name((HERE6, HERE))),
    "first-deaf": Row(Name((DEAF, HERE))),
    "first-nowhere": Row(Name((NOWHERE, HERE))),
    "seven-dead": Row(Name((*DEAD[:7], HERE))),
    "eight-dead": Row(Name((*DEAD[:8], HERE)), EXIT_UNREACHABLE, _CANNOT),
    "all-dead": Row(Name(DEAD[:3]), EXIT_UNREACHABLE, "Connection refused"),
    "all-deaf": Row(Name((DEAF,)), EXIT_UNREACHABLE, _TOO_LATE, 2),
    "all-nowhere": Row(Name((NOWHERE,)), EXIT_UNREACHABLE, _CANNOT),
    "many": Row(Name((HERE, *DEAD[:7]) + (NOWHERE,) * 40)),
    "many-dead": Row(Name(DEAD), EXIT_UNREACHABLE, _CANNOT),
}


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _record(owner: bytes, kind: int, content: bytes) -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 0, len(content)) + content


class NameServer:
    """Answers on 127.0.0.1, over UDP and TCP."""

    def __init__(self, names: dict[str, Name]) -> None:
        self._names = names
        self._lock = threading.Lock()
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", 53))
        self._streams = socket.create_server(("127.0.0.1", 53))
        for serve in (self._serve_datagrams, self._serve_streams):
            threading.Thread(target=serve, daemon=True).start()

    def _serve_datagrams(self) -> None:
        while True:
            question, peer = self._datagrams.recvfrom(4096)
            threading.Thread(
                target=self._answer_datagram, args=(question, peer), daemon=True
            ).start()

    def _answer_datagram(self, question: bytes, peer: tuple[str, int]) -> None:
        answer = self._answer(question)
        if len(answer) > _LARGEST_DATAGRAM:
            flags = int.from_bytes(answer[2:4], "big") | _TRUNCATED
            answer = answer[:2] + struct.pack(">H", flags) + answer[4:6] + bytes(6) + question[12:]
        if answer:
            self._datagrams.sendto(answer, peer)

    def _serve_streams(self) -> None:
        while True:
            stream, _ = self._streams.accept()
            with stream, stream.makefile("rwb") as file:
                # The C library asks for both versions of IP over one connection.
                while head := file.read(2):
                    answer = self._answer(file.read(int.from_bytes(head, "big")))
                    file.write(struct.pack(">H", len(answer)) + answer)
                    file.flush()

    def _answer(self, question: bytes) -> bytes:
        """Empty: there is none."""
        end = question.index(b"\0", 12) + 1
        version = _VERSIONS.get(int.from_bytes(question[end : end + 2], "big"))
        first = question[13 : 13 + question[12]].decode()
        name = self._names.get(first, Name(code=_NO_SUCH_NAME))
        with self._lock:
            name.asked += 1
            is_lost = name.asked <= name.loses
        if is_lost or version == name.silent_about:
            return b""
        time.sleep(name.delay)
        if name.garbage:
            return b"\xff" * 100
        records = self._records(name, version)
        counts = struct.pack(">HHHHH", 0x8180 | name.code, 1, len(records), 0, 0)
        return question[:2] + counts + question[12 : end + 4] + b"".join(records)

    def _records(self, name: Name, version: int | None) -> list[bytes]:
        owner, records = b"\xc0\x0c", []  # the name in the question
        if name.alias:
            other = _encoded(f"{name.alias}.{DOMAIN}")
            records.append(_record(owner, _ALIAS, other))
            owner, name = other, self._names[name.alias]
        kind = next((kind for kind, one in _VERSIONS.items() if one == version), 0)
        addresses = map(ipaddress.ip_address, name.addresses)
        return records + [_record(owner, kind, one.packed) for one in addresses if one.version == version]


def _plan(name: str, directory: pathlib.Path) -> Plan:
    chain = chains.make(directory, Recipe(Certificate(names=f"DNS:*.{DOMAIN}")))
    known = ROWS[ROWS[name].name.alias or name].name.addresses
    return Plan(chain, address=HERE if HERE in known else None, deaf=DEAF)


def cases() -> list[Case]:
    """The table of names."""
    return [
        Case(f"names/{name}", {"token": row.code}, functools.partial(_plan, name), row.says, row.waits,
             gets_secrets=row.code == EXIT_DONE, host=f"{name}.{DOMAIN}", pieces="whole")
        for name, row in ROWS.items()
    ]


def _bring_up_loopback() -> None:
    """What `ip link set lo up` does, where there need be no ip(8)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        set_flags, up = 0x8914, 1
        fcntl.ioctl(sock, set_flags, struct.pack("16sH14x", b"lo", up))


def _mount_over(path: str, content: str, directory: pathlib.Path) -> None:
    file = directory / pathlib.Path(path).name
    file.write_text(content)
    file.chmod(0o644)
    subprocess.run(["mount", "--bind", file, os.path.realpath(path)], check=True)


def main() -> int:
    """Inside: as faults.py, with these cases. Outside: goes inside."""
    if _MARK not in os.environ:
        probe = [*_UNSHARE, "mount", "--bind", os.devnull, os.path.realpath("/etc/resolv.conf")]
        try:
            subprocess.run(probe, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", "") or error
            print(f"skipped: namespaces cannot be made here: {str(why).strip()}")
            return SKIPPED
        os.environ[_MARK] = "1"
        os.execvp(_UNSHARE[0], [*_UNSHARE, sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory() as name:
        _bring_up_loopback()
        _mount_over("/etc/resolv.conf", _RESOLVER, pathlib.Path(name))
        _mount_over("/etc/nsswitch.conf", _SWITCH, pathlib.Path(name))
        NameServer({label: row.name for label, row in ROWS.items()})
        return faults.main(cases())


if __name__ == "__main__":
    sys.exit(main())
