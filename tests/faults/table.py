# SPDX-License-Identifier: Apache-2.0
"""All that may be wrong with a server, and what has to come of it.

What is a matter of bytes over good TLS stands in cases.json; TLS, certificates and the ends of
connections stand here.
"""

import dataclasses
import functools
import pathlib
import ssl
import struct
import sys
from collections.abc import Callable, Iterator

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "program"), str(HERE)]

import harness  # noqa: E402  first: it sets the module path
import answers  # noqa: E402
import chains  # noqa: E402
from chains import Certificate, Recipe, authority  # noqa: E402
from fault_server import GOOD, Plan  # noqa: E402

HOST = "device.domain.example"
COMMANDS = ("token", "request")
_WAIT = 2
_NO_ANSWER = f"did not answer within {_WAIT} s"
_V10, _V11 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
_V12, _V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    exits: dict[str, int]  # by command; a command that is missing makes no sense here
    plan: Callable[[pathlib.Path], Plan]  # given a directory for what it needs
    says: str = ""  # in the sentence of `token`
    waits: int = 0  # seconds that the device is given and uses up
    gets_secrets: bool = True  # The server may have got the credentials.
    latches: bool = False  # The refusal is remembered.
    host: str = "localhost"  # as in the device's url
    pieces: str = ""  # how the answer is cut; "": any way


def _both(code: int) -> dict[str, int]:
    return dict.fromkeys(COMMANDS, code)


# Bytes.


def _answering(answer: bytes, ends: str, _: pathlib.Path) -> Plan:
    return Plan(harness.chain(), answer=answer, ends=ends)


def _of_bytes() -> Iterator[Case]:
    for one in answers.read():
        plan = functools.partial(_answering, one.wire, one.ends)
        yield Case(one.name, one.exits, plan, one.says, one.waits, latches=one.latches,
                   pieces=one.pieces)


# What comes again and again, behind which front. A token that long is refused early; what the API
# sends is handed on for as long as the device is given.
_ENDLESS: tuple[tuple[str, bytes, bytes], ...] = (
    ("body without length", b"HTTP/1.1 200 OK\r\n\r\n", b" " * 8000),
    ("body of chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     (b"10\r\n" + b" " * 16 + b"\r\n") * 400),
)
_ENDLESS_HEADS: tuple[tuple[str, bytes, bytes], ...] = (
    ("interim answers", b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 300),
    ("fields", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
    ("field", b"HTTP/1.1 200 OK\r\nX: ", b"y" * 8000),
    ("reason phrase", b"HTTP/1.1 200 ", b"y" * 8000),
    ("trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000),
)


def _without_end(front: bytes, endless: bytes, _: pathlib.Path) -> Plan:
    return Plan(harness.chain(), answer=front, endless=endless)


def _endless() -> Iterator[Case]:
    for name, front, endless in _ENDLESS:
        plan = functools.partial(_without_end, front, endless)
        yield Case(f"endless/{name}", {"token": harness.EXIT_PROTOCOL}, plan, "too long")
        yield Case(f"endless/{name} of the API", {"request": harness.EXIT_UNREACHABLE}, plan,
                   waits=_WAIT)
    for name, front, endless in _ENDLESS_HEADS:
        plan = functools.partial(_without_end, front, endless)
        yield Case(f"endless/{name}", _both(harness.EXIT_PROTOCOL), plan)


def _sweep() -> Iterator[Case]:
    """Every place at which an answer can end. A whole one counts, whatever happens behind it."""
    codes = {"reset": harness.EXIT_UNREACHABLE, "cut": harness.EXIT_PROTOCOL,
             "notice": harness.EXIT_PROTOCOL}
    for ends, code in codes.items():
        for at in range(len(GOOD) + 1):
            exits = {"token": code if at < len(GOOD) else harness.EXIT_DONE}
            plan = functools.partial(_answering, GOOD[:at], ends)
            yield Case(f"sweep/{ends} behind octet {at}", exits, plan, pieces="whole")


# Certificates.

_WRONG_HOST = "is for another host"
_NO_CA = "comes from no CA"
_WEAK = "too weak or not made for servers"
_REFUSED = "refused the TLS handshake"  # OpenSSL has nothing to offer then.
_FAILED = "the TLS connection to"


def _between(*between: Certificate, **server: str) -> Recipe:
    return Recipe(Certificate(**server), between=between)


def _as_it_is(host: str) -> str:
    """A subjectAltName with characters that openssl would not take."""
    name = host.encode()
    return "DER:" + (bytes([0x30, len(name) + 2, 0x82, len(name)]) + name).hex(":")


# Name, chain, what is said with TLS 1.2 and 1.3, or with both; "": it is taken. A chain is one of
# certificates.KINDS or a recipe.
_CERTIFICATES: tuple[tuple[str, str | Recipe, str | tuple[str, str]], ...] = (
    ("good", Recipe(), ""),
    ("expired", "expired", "has expired"),
    ("not yet valid", "not_yet_valid", "not valid yet"),
    ("other host", "wrong_host", _WRONG_HOST),
    ("untrusted", "untrusted", _NO_CA),
    ("self-signed", "self_signed", _NO_CA),
    ("another root of that name", Recipe(root=authority("root", more="nsComment=x"),
     trusted=chains.ROOT), _NO_CA),
    ("another root of that name, with weak keys", Recipe(root=authority("root", key="rsa:1024"),
     trusted=chains.ROOT), _NO_CA),
    ("from 1951 to 9999", Recipe(Certificate(begins="19510101000000Z", ends="99991231235959Z")), ""),
    ("expired in between", _between(authority("old", ends="20200101000000Z",
     begins="20190101000000Z")), "has expired"),
    ("expired root", Recipe(root=authority("old root", ends="20200101000000Z",
     begins="20190101000000Z")), "has expired"),
    ("not sent in between", Recipe(sends=1), _NO_CA),
    ("strangers behind", Recipe(extra=3), ""),
    ("purpose client", Recipe(Certificate(purpose="clientAuth")), _WEAK),
    ("purpose code signing", Recipe(Certificate(purpose="codeSigning")), _WEAK),
    ("purpose unknown", Recipe(Certificate(purpose="1.2.3.4")), _WEAK),
    ("purpose any", Recipe(Certificate(purpose="anyExtendedKeyUsage")), ""),
    ("purpose not said", Recipe(Certificate(purpose="")), ""),
    ("usage certificates only", Recipe(Certificate(usage="critical,keyCertSign")), (_REFUSED, _WEAK)),
    ("usage encipherment only", Recipe(Certificate(usage="critical,keyEncipherment")),
     (_REFUSED, _WEAK)),
    ("usage not said", Recipe(Certificate(usage="")), ""),
    ("unknown critical extension", Recipe(Certificate(more="1.2.3.4=critical,DER:0500")), _FAILED),
    ("unknown extension", Recipe(Certificate(more="1.2.3.4=DER:0500")), ""),
    ("version 1", Recipe(Certificate("localhost", names="", usage="", purpose="", basic="")), ""),
    ("RSA 1024", Recipe(Certificate(key="rsa:1024", usage="critical,digitalSignature,keyEncipherment")),
     _WEAK),
    ("RSA 1024 in between", _between(authority("weak", key="rsa:1024")), _WEAK),
    ("RSA 512", Recipe(Certificate(key="rsa:512")), (_WEAK, _REFUSED)),
    ("curve P-521", Recipe(Certificate(key="P-521")), _REFUSED),
    ("curve secp256k1", Recipe(Certificate(key="secp256k1")), _REFUSED),
    ("curve brainpool", Recipe(Certificate(key="brainpoolP256r1")), _REFUSED),
    ("curve P-224", Recipe(Certificate(key="secp224r1")), _REFUSED),
    ("curve Ed25519", Recipe(Certificate(key="ED25519")), _REFUSED),
    ("SHA-1", Recipe(Certificate(digest="sha1")), _WEAK),
    ("SHA-1 in between", _between(authority("sha1", digest="sha1")), (_NO_CA, _FAILED)),
    ("SHA-1 with RSA", _between(authority("rsa", key="rsa:2048"), digest="sha1"), _WEAK),
    ("MD5 with RSA", _between(authority("rsa", key="rsa:2048"), digest="md5"), _WEAK),
    ("SHA-224", Recipe(Certificate(digest="sha224")), _WEAK),
    ("SHA-512", Recipe(Certificate(digest="sha512")), ""),
    ("in between not a CA", _between(authority("no CA", basic="critical,CA:false")), _NO_CA),
    ("in between a server", Recipe(Certificate(), between=(chains.BETWEEN, Certificate("a server"))),
     _NO_CA),
    ("in between nothing is said of CAs", _between(authority("unclear", basic="")), _NO_CA),
    ("in between may not sign", _between(authority("no signer", usage="critical,cRLSign")), _NO_CA),
    ("path too long", _between(authority("last", basic="critical,CA:true,pathlen:0"),
     authority("one more")), _NO_CA),
    ("path too long for the root", Recipe(root=authority("short", basic="critical,CA:true,pathlen:0"),
     between=(chains.BETWEEN, authority("one more"))), _NO_CA),
    ("path long enough", _between(authority("last but one", basic="critical,CA:true,pathlen:1"),
     authority("last")), ""),
    ("nine in between", _between(*(authority(f"number {n}") for n in range(9))), _FAILED),
    ("names constrained, critical", _between(authority("for others",
     more="nameConstraints=critical,permitted;DNS:other.example")), _FAILED),
    ("names constrained to it, critical", _between(authority("for it",
     more="nameConstraints=critical,permitted;DNS:localhost")), _FAILED),
    # mbedTLS knows no constraints: it refuses what is critical, as RFC 5280 wants these to be.
    ("names constrained", _between(authority("for others, politely",
     more="nameConstraints=permitted;DNS:other.example")), ""),
)

# Name, host in the URL, names in the certificate, common name, whether it is taken.
_NAMES: tuple[tuple[str, str, str, str, bool], ...] = (
    ("the name", HOST, f"DNS:{HOST}", "x", True),
    ("in capitals", HOST, f"DNS:{HOST.upper()}", "x", True),
    ("second of many", HOST, f"DNS:a.example,DNS:{HOST},DNS:b.example", "x", True),
    ("common name only", HOST, "", HOST, True),
    ("common name beside other names", HOST, "DNS:other.example", HOST, False),
    ("wildcard", HOST, "DNS:*.domain.example", "x", True),
    ("wildcard as common name", HOST, "", "*.domain.example", True),
    ("wildcard for two labels", HOST, "DNS:*.example", "x", False),
    ("wildcards for two labels", HOST, "DNS:*.*.example", "x", False),
    ("wildcard in the middle", HOST, "DNS:device.*.example", "x", False),
    ("wildcard for a part", HOST, "DNS:d*.domain.example", "x", False),
    ("wildcard for an end", HOST, "DNS:*ice.domain.example", "x", False),
    ("wildcard alone", HOST, "DNS:*", "x", False),
    ("wildcard and dot", HOST, "DNS:*.", "x", False),
    ("wildcard for the domain itself", "domain.example", "DNS:*.domain.example", "x", False),
    ("wildcard for all of example", "domain.example", "DNS:*.example", "x", True),
    ("wildcard in the front of a name", HOST, f"DNS:*{HOST}", "x", False),
    ("wildcard in another domain", HOST, "DNS:*.omain.example", "x", False),
    ("the domain only", HOST, "DNS:domain.example", "x", False),
    ("a name below", HOST, f"DNS:x.{HOST}", "x", False),
    ("dot in front", HOST, "DNS:.domain.example", "x", False),
    ("dot behind", HOST, f"DNS:{HOST}.", "x", False),
    ("blank behind", HOST, _as_it_is(f"{HOST} "), "x", False),
    ("NUL behind", HOST, _as_it_is(f"{HOST}\0.elsewhere.example"), "x", False),
    ("as URI", HOST, f"URI:https://{HOST}/", "x", False),
    ("as e-mail", HOST, f"email:{HOST}@{HOST}", "x", False),
    ("address", "127.0.0.1", "IP:127.0.0.1", "x", True),
    ("address of IPv6", "[::1]", "IP:::1", "x", True),
    ("other address", "127.0.0.1", "IP:127.0.0.2", "x", False),
    ("address as name", "127.0.0.1", "DNS:127.0.0.1", "x", False),
    ("address as common name", "127.0.0.1", "", "127.0.0.1", False),
    ("address as common name beside names", "127.0.0.1", "DNS:localhost", "127.0.0.1", False),
    ("wildcard for an address", "127.0.0.1", "DNS:*.0.0.1", "x", False),
    ("address in the other family", "127.0.0.1", "IP:::ffff:127.0.0.1", "x", False),
    ("name as address", HOST, "IP:127.0.0.1", "x", False),
)


def _certified(chain: str | Recipe, version: ssl.TLSVersion, directory: pathlib.Path) -> Plan:
    made = harness.chain(chain) if isinstance(chain, str) else chains.make(directory, chain)
    return Plan(made, versions=(version, version))


def _of_certificates() -> Iterator[Case]:
    for name, chain, says in _CERTIFICATES:
        code = harness.EXIT_UNTRUSTED if says else harness.EXIT_DONE
        sayings = says if isinstance(says, tuple) else (says, says)
        for number, version, saying in zip("23", (_V12, _V13), sayings):
            plan = functools.partial(_certified, chain, version)
            yield Case(f"certificate/{name}, TLS 1.{number}", {"token": code}, plan, saying,
                       gets_secrets=not says)


def _called(recipe: Recipe, host: str, directory: pathlib.Path) -> Plan:
    return Plan(chains.make(directory, recipe), behind_proxy=host.endswith("example"))


def _of_names() -> Iterator[Case]:
    for name, host, names, common_name, taken in _NAMES:
        plan = functools.partial(_called, Recipe(Certificate(common_name, names=names)), host)
        code = harness.EXIT_DONE if taken else harness.EXIT_UNTRUSTED
        yield Case(f"name/{name}", {"token": code}, plan, "" if taken else _WRONG_HOST,
                   gets_secrets=taken, host=host)


# TLS.


def _record(kind: int, content: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BHH", kind, version, len(content)) + content


def _server_hello(version: int = 0x0303, suite: int = 0xC02B, compression: int = 0) -> bytes:
    """Of TLS 1.2 and before; the last octets of the random would mark a downgrade."""
    hello = struct.pack(">H", version) + bytes(range(32)) + b"\0"
    hello += struct.pack(">HB", suite, compression)
    return _record(22, b"\x02" + len(hello).to_bytes(3, "big") + hello)


def _alert(level: int, description: int) -> bytes:
    return _record(21, bytes([level, description]))


_PAGE = b"<html><body>Log in.</body></html>"

# Name, what is sent instead of TLS, what is said.
_RAW: tuple[tuple[str, bytes, str], ...] = (
    ("plain HTTP", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 33\r\n\r\n" + _PAGE, "TLS"),
    ("portal", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 33\r\n\r\n" + _PAGE,
     "TLS"),
    ("portal that redirects", b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n", "TLS"),
    ("plain token", GOOD, "TLS"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", "TLS"),
    ("SMTP", b"220 mail.example ESMTP\r\n", "TLS"),
    ("NUL", bytes(1000), "TLS"),
    ("what is not text", bytes(range(255, -1, -1)) * 8, "TLS"),
    ("flood", b"\xa5" * 300_000, "TLS"),
    ("SSL 2 hello", b"\x80\x2e\x04\0\x01\0\x02" + bytes(41), "TLS"),
    ("empty record", _record(22, b""), "TLS"),
    ("flood of empty records", _record(22, b"") * 20_000, "TLS"),
    ("record too long", struct.pack(">BHH", 22, 0x0303, 0xFFFF) + bytes(70_000), "TLS"),
    ("record of an unknown kind", _record(99, bytes(10)), "TLS"),
    ("record of another version", _record(22, _server_hello()[5:], 0x0500), "TLS"),
    ("data before the handshake", _record(23, GOOD), "TLS"),
    ("alert handshake_failure", _alert(2, 40), "refused the TLS handshake"),
    ("alert protocol_version", _alert(2, 70), "refused the TLS handshake"),
    ("alert unrecognized_name", _alert(2, 112), "refused the TLS handshake"),
    ("alert internal_error", _alert(2, 80), "refused the TLS handshake"),
    ("alert unknown", _alert(2, 255), "refused the TLS handshake"),
    ("hello of SSL 3", _server_hello(0x0300), "TLS"),
    ("hello of TLS 1.0", _server_hello(0x0301, 0xC009), "TLS"),
    ("hello of TLS 1.1", _server_hello(0x0302, 0xC009), "TLS"),
    ("hello of TLS 1.4", _server_hello(0x0305), "TLS"),
    ("hello with NULL", _server_hello(suite=0x0000), "TLS"),
    ("hello with RC4", _server_hello(suite=0x0005), "TLS"),
    ("hello with 3DES", _server_hello(suite=0x000A), "TLS"),
    ("hello with CBC", _server_hello(suite=0xC023), "TLS"),
    ("hello with RSA key exchange", _server_hello(suite=0x009C), "TLS"),
    ("hello with export DH", _server_hello(suite=0x0014), "TLS"),
    ("hello with DH", _server_hello(suite=0x009E), "TLS"),
    ("hello with anonymous DH", _server_hello(suite=0x00A6), "TLS"),
    ("hello with a pre-shared key", _server_hello(suite=0x00A8), "TLS"),
    ("hello with CCM", _server_hello(suite=0xC0AC), "TLS"),
    ("hello with a suite of TLS 1.3", _server_hello(suite=0x1301), "TLS"),
    ("hello with the fall-back mark", _server_hello(suite=0x5600), "TLS"),
    ("hello with compression", _server_hello(compression=1), "TLS"),
    ("hello twice", _server_hello() * 2, "TLS"),
    ("hello of 16 MB", _record(22, b"\x02\xff\xff\xff" + bytes(1000)) + _record(22, bytes(16000)) * 20,
     "TLS"),
    ("hello longer than it says", _record(22, b"\x02\0\0\x05abcde"), "TLS"),
    ("another message first", _record(22, b"\x0e\0\0\0"), "TLS"),
    ("hello request", _record(22, b"\0\0\0\0") * 3, "TLS"),
)

# Likewise, what leaves the device waiting for more.
_TOO_LITTLE: tuple[tuple[str, bytes], ...] = (
    ("cipher change before the handshake", _record(20, b"\x01")),
    ("flood of cipher changes", _record(20, b"\x01") * 20_000),
    ("flood of warnings", _alert(1, 112) * 20_000),
    ("the front of a hello of 16 MB", _record(22, b"\x02\xff\xff\xff" + bytes(1000))),
)

# Name, kind of chain, what differs from the usual plan, whether it is taken.
_NEGOTIATED: tuple[tuple[str, str, dict[str, object], bool], ...] = (
    ("TLS 1.0", "rsa", {"versions": (_V10, _V10), "ciphers": "ALL"}, False),
    ("TLS 1.1", "rsa", {"versions": (_V11, _V11), "ciphers": "ALL"}, False),
    ("TLS 1.0 and 1.1", "ecdsa", {"versions": (_V10, _V11), "ciphers": "ALL"}, False),
    ("TLS 1.0 to 1.2", "ecdsa", {"versions": (_V10, _V12), "ciphers": "ALL"}, True),
    ("TLS 1.3", "rsa", {"versions": (_V13, _V13)}, True),
    ("GCM with 256 bits", "rsa", {"versions": (_V12, _V12), "ciphers": "ECDHE-RSA-AES256-GCM-SHA384"},
     True),
    ("ChaCha20", "ecdsa", {"versions": (_V12, _V12), "ciphers": "ECDHE-ECDSA-CHACHA20-POLY1305"},
     True),
    ("CBC with SHA-1", "ecdsa", {"versions": (_V12, _V12), "ciphers": "ECDHE-ECDSA-AES128-SHA"}, False),
    ("CBC with SHA-2", "ecdsa", {"versions": (_V12, _V12), "ciphers": "ECDHE-ECDSA-AES128-SHA256"},
     False),
    ("CCM", "ecdsa", {"versions": (_V12, _V12), "ciphers": "ECDHE-ECDSA-AES128-CCM8"}, False),
    ("RSA key exchange", "rsa", {"versions": (_V12, _V12), "ciphers": "AES128-GCM-SHA256"}, False),
    ("DH", "rsa", {"versions": (_V12, _V12), "ciphers": "DHE-RSA-AES128-GCM-SHA256"}, False),
    ("NULL", "rsa", {"versions": (_V12, _V12), "ciphers": "ECDHE-RSA-NULL-SHA:NULL-SHA256"}, False),
    ("no authentication", "rsa",
     {"versions": (_V12, _V12), "ciphers": "ADH-AES128-GCM-SHA256:AECDH-NULL-SHA"}, False),
    ("only P-521, TLS 1.2", "rsa", {"versions": (_V12, _V12), "curve": "secp521r1"}, False),
    ("only P-521, TLS 1.3", "rsa", {"versions": (_V13, _V13), "curve": "secp521r1"}, False),
    ("only P-384", "rsa", {"versions": (_V13, _V13), "curve": "secp384r1"}, True),
)


def _untls(raw: bytes, _: pathlib.Path) -> Plan:
    return Plan(harness.chain(), raw=raw)


def _negotiating(kind: str, differences: dict[str, object], _: pathlib.Path) -> Plan:
    return Plan(harness.chain(kind), **differences)


def _of_tls() -> Iterator[Case]:
    for name, raw, says in _RAW:
        yield Case(f"no tls/{name}", {"token": harness.EXIT_UNTRUSTED}, functools.partial(_untls, raw),
                   says, gets_secrets=False)
    for name, raw in _TOO_LITTLE:
        yield Case(f"no tls/{name}", {"token": harness.EXIT_UNREACHABLE},
                   functools.partial(_untls, raw), _NO_ANSWER, _WAIT, gets_secrets=False)
    for name, kind, differences, taken in _NEGOTIATED:
        code = harness.EXIT_DONE if taken else harness.EXIT_UNTRUSTED
        plan = functools.partial(_negotiating, kind, differences)
        yield Case(f"tls/{name}", {"token": code}, plan, gets_secrets=taken)


# What the server's handshake does behind so many of its octets, which are 800 and more.
_BREAKS = {"open": "silence", "cut": "end", "reset": "reset"}
_PLACES = (0, 1, 5, 60, 400, 800)


def _of_handshakes() -> Iterator[Case]:
    exits = _both(harness.EXIT_UNREACHABLE)
    yield Case("handshake/never accepted", exits,
               functools.partial(_negotiating, "ecdsa", {"accepts": False}), _NO_ANSWER, _WAIT,
               gets_secrets=False)
    for ends, word in _BREAKS.items():
        for octets in _PLACES:
            differences = {"handshake_octets": octets, "ends": ends}
            says, waits = (_NO_ANSWER, _WAIT) if ends == "open" else ("connect", 0)
            yield Case(f"handshake/{word} behind octet {octets}", exits,
                       functools.partial(_negotiating, "ecdsa", differences), says, waits,
                       gets_secrets=False)


@functools.cache
def cases() -> tuple[Case, ...]:
    """The table."""
    return (
        *_of_bytes(), *_endless(), *_of_handshakes(), *_of_tls(), *_of_certificates(), *_of_names(),
        *_sweep(),
    )
