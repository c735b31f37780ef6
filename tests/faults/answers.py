# SPDX-License-Identifier: Apache-2.0
"""Answers of a server, good and bad, from cases.json: README.md says how they are written.

usage: answers.py OUTPUT    writes the bad ones for C++: for each a line with whether it latches, the seconds
                            of Retry-After, the ending, the size and the name, and then the octets
"""

import dataclasses
import functools
import json
import pathlib
import sys

TOKEN = '{"access_token":"AbC-_12","token_type":"bearer","expires_in":3600}'
_PATH = pathlib.Path(__file__).resolve().parent / "cases.json"
# Of what C++ gets: more than a device takes of anything.
_LARGEST = 30_000
_WORDS = {"$token": TOKEN, "$nul": "\0"}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What is sent, how the connection ends, and what has to come of it."""

    name: str
    wire: bytes
    ends: str  # "open", "notice", "cut" or "reset": see fault_server.ENDINGS
    pieces: str  # one of fault_server.PIECES, or "": any
    waits: int  # seconds that the device is given and has to use up; 0: it ends by itself
    exits: dict[str, int]  # by command
    says: str
    latches: bool
    retry_after: int


def _text(piece: object) -> str:
    """A string, a list of pieces, or [N, PIECE]: that piece N times."""
    if isinstance(piece, str):
        return functools.reduce(lambda text, word: text.replace(*word), _WORDS.items(), piece)
    if isinstance(piece[0], int):
        return _text(piece[1]) * piece[0]
    return "".join(map(_text, piece))


def _line(field: object) -> str:
    """A field with its line end, or [N, FIELD]: that many of them."""
    if isinstance(field, list) and isinstance(field[0], int):
        return _line(field[1]) * field[0]
    return _text(field) + "\r\n"


def _wire(case: dict[str, object]) -> bytes:
    if "wire" in case:
        return _text(case["wire"]).encode("latin-1")
    body = _text(case.get("body", "$token"))
    head = f"HTTP/1.1 {_text(case.get('status', '200 OK'))}\r\n"
    head += "".join(map(_line, case.get("fields", ["Content-Type: application/json"])))
    if case.get("length", True):
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode("latin-1")


def _answer(case: dict[str, object]) -> Answer:
    exits = case["exit"] if isinstance(case["exit"], list) else [case["exit"]]
    return Answer(
        case["name"],
        _wire(case),
        case.get("ends", "open"),
        case.get("pieces", ""),
        case.get("waits", 0),
        dict(zip(("token", "request"), exits)),
        case.get("says", ""),
        case.get("latches", False),
        case.get("retry_after", 0),
    )


def read() -> list[Answer]:
    """All of them."""
    return [_answer(case) for case in json.loads(_PATH.read_text(encoding="utf-8"))["cases"]]


def main() -> None:
    """Writes them for C++."""
    with open(sys.argv[1], "wb") as file:
        for one in read():
            if one.exits["token"] != 0:
                wire = one.wire[:_LARGEST]
                head = f"{int(one.latches)} {one.retry_after} {one.ends} {len(wire)} {one.name}\n"
                file.write(head.encode() + wire)


if __name__ == "__main__":
    main()
