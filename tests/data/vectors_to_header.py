#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the JSON vectors beside this file as one C++ header.

usage: vectors_to_header.py OUTPUT
"""

import base64
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
JSON_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
TOKEN_MEMBERS = '"access_token":"%s","token_type":"bearer","expires_in":3600'


def literal(data: bytes) -> str:
    """A C string literal of `data`, in pieces so that no escape swallows the next character."""
    lines = []
    for start in range(0, len(data), 64):
        piece = data[start:start + 64]
        text = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}"
                       for b in piece)
        lines.append(f'"{text}"')
    return "\n        ".join(lines) or '""'


def text_view(data: bytes) -> str:
    return f"std::string_view({literal(data)}, {len(data)})"


def with_length(body: str) -> bytes:
    return f"{JSON_HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def oversize_wire(vector: dict) -> bytes:
    """The vectors that are described by their title alone."""
    if vector["id"] == "X20":
        nest = "[" * 100000 + "]" * 100000
        return with_length("{" + TOKEN_MEMBERS % "AbC-_123" + ',"x":' + nest + "}")
    if vector["id"] == "X43":
        return with_length("{" + TOKEN_MEMBERS % ("a" * 17000) + "}")
    if vector["id"] == "X44":
        body = "{" + TOKEN_MEMBERS % "AbC-_123" + "}"
        fill = "".join(f"X-{number}: {'a' * 100}\r\n" for number in range(1900))
        return f"{JSON_HEAD}{fill}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    raise SystemExit(f"{vector['id']}: no bytes, and no rule to make them")


def wire_of(vector: dict) -> bytes:
    encoded = vector.get("wire_b64")
    wire = base64.b64decode(encoded) if encoded else oversize_wire(vector)
    if hashlib.sha256(wire).hexdigest() != vector["wire_sha256"]:
        raise SystemExit(f"{vector['id']}: the bytes do not have the stated SHA-256")
    return wire


def lifetime_of(vector: dict) -> str:
    value = vector.get("expires_in", 0)
    return {"DEFAULT": "kDefaultLifetime", "MAX": "kMaxLifetime"}.get(value, str(value))


def response_row(vector: dict) -> str:
    return (f'    {{"{vector["id"]}", Expect::k{vector["expect"].capitalize()}, '
            f'{"true" if vector["eof"] == "clean" else "false"}, {lifetime_of(vector)}, '
            f'{vector.get("token_len", 0)}, "{vector.get("token_sha256", "")}",\n'
            f"        {text_view(wire_of(vector))}}},\n")


def request_row(vector: dict) -> str:
    code = vector.get("code", "")
    return (f'    {{"{vector["id"]}", {text_view(code.encode())},\n'
            f'        {text_view(base64.b64decode(vector["request_b64"]))}}},\n')


def escape_row(vector: dict) -> str:
    parts = (vector["username"], vector["password"], vector["body"])
    return "    {" + f'"{vector["id"]}",\n        ' + ",\n        ".join(
        text_view(part.encode()) for part in parts) + "},\n"


def base64_row(vector: dict) -> str:
    plain = vector.get("input", f'{vector.get("client_id")}:{vector.get("client_secret")}')
    return f"    {{{text_view(plain.encode())},\n        {text_view(vector['base64'].encode())}}},\n"


def table(name: str, kind: str, file: str, row) -> str:
    vectors = json.loads((HERE / file).read_text(encoding="utf-8"))
    return (f"inline constexpr {kind} {name}[] = {{\n" + "".join(map(row, vectors)) + "};\n"
            f"static_assert(std::size({name}) == {len(vectors)});\n\n")


HEADER = """// Made by tests/data/vectors_to_header.py. Do not edit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace connect_auth::vectors {

enum class Expect : std::uint8_t { kAccept, kProtocol, kPermanent, kTransient };
inline constexpr std::int32_t kDefaultLifetime = -1;  ///< The configured default.
inline constexpr std::int32_t kMaxLifetime = -2;      ///< The configured maximum.

struct Response {
  const char* id;
  Expect expect;
  bool closes;  ///< The peer ends the stream behind the bytes, in an orderly way.
  std::int32_t lifetime_s;
  std::size_t token_size;
  const char* token_sha256;
  std::string_view wire;
};
struct Request {
  const char* id;
  std::string_view code;  ///< Empty: the password grant of the vendor's page.
  std::string_view wire;
};
struct Escape {
  const char* id;
  std::string_view username;
  std::string_view password;
  std::string_view body;
};
struct Base64 {
  std::string_view plain;
  std::string_view encoded;
};

"""


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    pathlib.Path(sys.argv[1]).write_text(
        HEADER +
        table("kResponses", "Response", "responses.json", response_row) +
        table("kRequests", "Request", "requests.json", request_row) +
        table("kEscapes", "Escape", "escaping.json", escape_row) +
        table("kBase64", "Base64", "base64.json", base64_row) +
        "}  // namespace connect_auth::vectors\n", encoding="utf-8")


if __name__ == "__main__":
    main()
