# SPDX-License-Identifier: Apache-2.0
"""An OAuth 2.0 server for demos and tests that behaves like the vendor's, and can misbehave.

It grants tokens for a password (RFC 6749 section 4.3), for an authorisation code (4.1) and to the
client itself (4.4), guards an API with them (RFC 6750), and records every byte it receives. Never
use it for anything real: its authorize page asks nobody.
"""

import argparse
import base64
import binascii
import collections
import contextlib
import dataclasses
import email.utils
import hashlib
import hmac
import json
import pathlib
import secrets
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import certificates  # noqa: E402
from transport import (  # noqa: E402
    BadRequest,
    Connection,
    Ending,
    Listener,
    PlainServer,
    PlainStream,
    Request,
    RequestReader,
    SilentServer,
    TlsStream,
)

__all__ = [
    "Canned", "Connection", "Ending", "Fault", "OAuthServer", "PlainServer", "Request", "Response",
    "SilentServer", "large_body",
]

API = "/Connect/api"
LOCKOUT_AFTER = 5
CODE_SECONDS = 180.0

# TLS versions by the names of the command line.
_TLS = {
    "1.2": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
    "1.3": (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
    "any": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
}
_REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 422: "Unprocessable Entity", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
}
# 64 KiB less a prime's distance: an offset error of any power of two shows.
_BLOCK = b"".join(hashlib.sha256(b"block %d" % n).digest() for n in range(2048))[:65521]


@dataclasses.dataclass
class Canned:
    """Bytes that are sent instead of the normal answer, and what happens then."""

    data: bytes
    ending: Ending = Ending.KEEP_OPEN


@dataclasses.dataclass
class Fault:
    """What the token endpoint answers instead of working; `remaining` None means for ever."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    remaining: int | None = None


@dataclasses.dataclass
class Response:
    """An answer; `stream` yields `length` bytes when the body is too large to hold."""

    status: int
    fields: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    length: int = 0


@dataclasses.dataclass
class _RefreshToken:
    """One of a family: each is the successor of one before, all from the same grant."""

    family: str
    used: bool = False


@dataclasses.dataclass
class _Code:
    redirect_uri: str | None
    expires: float
    challenge: str | None = None
    token: str | None = None
    used: bool = False


class _OAuthError(Exception):
    """An error of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


def large_body(count: int) -> Iterator[bytes]:
    """The `count` bytes of /Connect/api/large?bytes=COUNT, which are always the same."""
    while count > 0:
        yield _BLOCK[:count]
        count -= len(_BLOCK)


def _json(status: int, value: object, *fields: tuple[str, str]) -> Response:
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(
        status, [("Content-Type", "application/json; charset=utf-8"), *fields], body
    )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _challenge_of(verifier: str | None) -> str | None:
    """The S256 of RFC 7636 section 4.2."""
    if verifier is None:
        return None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _form(body: bytes) -> dict[str, str]:
    """The parameters of a form body; an empty one counts as absent (RFC 6749 section 3.2)."""
    try:
        pairs = urllib.parse.parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except (UnicodeError, ValueError) as error:
        raise _OAuthError("invalid_request", "The body is not a form.") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise _OAuthError("invalid_request", "A parameter is repeated.")
    return {name: value for name, value in pairs if value}


class OAuthServer(Listener):
    """See the module. Every public attribute may be changed while it runs."""

    scheme = "https"

    def __init__(
        self,
        chain: certificates.Chain,
        port: int = 0,
        address: str | None = None,
        tls: str = "any",
    ) -> None:
        super().__init__(port, address)
        self.chain = chain
        self.token_path = f"{API}/token"
        self.authorize_path = "/Connect/oauth/authorize"
        self.registered_redirect_uri: str | None = None  # where a login goes that names none
        self.authorize_error: str | None = None  # of RFC 6749 section 4.1.2.1, instead of a code
        self.client_id = "connect-auth-demo"
        self.client_secret = "Demo/Secret+0123456789=="
        self.username = "Administrator"
        self.password = "correct horse & battery staple"
        self.basic_decoding = "plain"  # or "form", RFC 6749 section 2.3.1
        self.code_error = "invalid_grant"  # the vendor's library says "invalid_request"
        self.lifetime: float | None = 3600  # None: no expires_in; tokens still live an hour
        self.token_length = 891
        self.issue_refresh_tokens = False
        self.revoke_replayed_families = False  # RFC 9700 section 4.14.2
        self.refresh_requests = 0
        self.keep_alive = True
        self.fault: Fault | None = None
        self.next_responses: collections.deque[Canned] = collections.deque()
        self.early_answers: collections.deque[Canned] = collections.deque()
        self.token_requests = 0
        self.tokens_issued: list[str] = []
        self.failed_logins = 0
        self.api_writes = 0
        self._tokens: dict[str, float] = {}
        self._refresh_tokens: dict[str, _RefreshToken] = {}
        self._codes: dict[str, _Code] = {}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version, self._context.maximum_version = _TLS[tls]
        self._context.load_cert_chain(chain.chain_file, chain.key_file)
        self._context.set_alpn_protocols(["http/1.1"])
        self._context.sni_callback = self._note_server_name

    # What tests look at and turn.

    @property
    def locked_out(self) -> bool:
        """Whether the account is locked: then even the right password is refused."""
        return self.failed_logins >= LOCKOUT_AFTER

    def add_code(
        self,
        code: str | None = None,
        redirect_uri: str | None = None,
        challenge: str | None = None,
    ) -> str:
        """An authorisation code, of the vendor's form unless given, that works once."""
        code = code or f"{secrets.token_hex(2)}!{secrets.token_urlsafe(48)}"
        with self.lock:
            expires = time.monotonic() + CODE_SECONDS
            self._codes[code] = _Code(redirect_uri, expires, challenge)
        return code

    def require_client_certificates(self, ca_file: pathlib.Path) -> None:
        """From now on a connection has to show a certificate below that CA (mutual TLS)."""
        self._context.load_verify_locations(ca_file)
        self._context.verify_mode = ssl.CERT_REQUIRED

    def offer_only(self, suites: str) -> None:
        """From now on TLS 1.2 with one of these cipher suites (ciphers(1)), however weak, or nothing."""
        self._context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._context.set_ciphers(f"{suites}:@SECLEVEL=0")

    def revoke_all_tokens(self) -> None:
        """From now on every token issued so far is unknown."""
        with self.lock:
            self._tokens.clear()

    def revoke_refresh_tokens(self) -> None:
        """From now on every refresh token issued so far is unknown."""
        with self.lock:
            self._refresh_tokens.clear()

    def expire_all_tokens(self) -> None:
        """As if the lifetime of every token issued so far had passed."""
        with self.lock:
            self._tokens = dict.fromkeys(self._tokens, 0.0)

    def redirect_with(self, status: int, location: str) -> None:
        """Every token request is redirected."""
        self.fault = Fault(status, (("Location", location),))

    # Connections.

    def serve(self, sock: socket.socket, record: Connection) -> None:
        """TLS, then requests until one side has enough."""
        self.pause(self.handshake_delay)
        stream = TlsStream(sock, record, self._context)
        try:
            stream.handshake()
        except ssl.SSLError:
            stream.drain()
            return
        self.note("handshake", {"peer": record.peer, "tls": record.tls_version})
        reader = RequestReader(stream, lambda request: self._answer_early(stream, request))
        try:
            while (request := reader.next()) is not None:
                if not self._handle(stream, record, request):
                    return
            stream.end(Ending.CLOSE_NOTIFY)
        except BadRequest as error:
            self._send(stream, None, _json(400, {"ErrorCode": 0, "ErrorMessage": str(error)}))
            stream.end(Ending.CLOSE_NOTIFY)

    def _note_server_name(
        self, tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> None:
        tls.connection_record.sni = name

    def _answer_early(self, stream: PlainStream, request: Request) -> bool:
        """Answers a request to the API before its body came, and ends the connection."""
        if request.path == self.token_path or not self.early_answers:
            return False
        answer = self.early_answers.popleft()
        stream.send(answer.data)
        if answer.ending is Ending.KEEP_OPEN:
            stream.read_no_more()
        else:
            stream.end(answer.ending)
        return True

    def _handle(self, stream: PlainStream, record: Connection, request: Request) -> bool:
        """Answers one request; tells whether the connection goes on."""
        with self.lock:
            record.requests.append(request)
            canned = self.next_responses.popleft() if self.next_responses else None
            if request.path == self.token_path:
                self.token_requests += 1
        self.note("request", {
            "peer": record.peer, "raw_b64": base64.b64encode(request.raw).decode(),
        })
        self.pause(self.response_delay)
        if canned:
            stream.send(canned.data)
            if canned.ending is Ending.KEEP_OPEN:
                return True
            stream.end(canned.ending)
            return False
        with self.lock:
            response = self._answer(request)
            request.status = response.status
        close = not self.keep_alive or (request.field("Connection") or "").lower() == "close"
        if close:
            response.fields.append(("Connection", "close"))
        self._send(stream, request, response)
        request.answered = True
        self.note("answered", {
            "peer": record.peer, "request": f"{request.method} {request.path}",
            "status": response.status,
        })
        if close:
            stream.end(Ending.CLOSE_NOTIFY)
        return not close

    def _send(self, stream: PlainStream, request: Request | None, response: Response) -> None:
        head = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}"]
        head.append(f"Date: {email.utils.formatdate(usegmt=True)}")  # RFC 9110 section 6.6.1
        head += [f"{name}: {value}" for name, value in response.fields]
        length = response.length if response.stream else len(response.body)
        if response.status != 204:
            head.append(f"Content-Length: {length}")
        wire = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        if request and request.method == "HEAD":
            stream.send(wire)
            return
        stream.send(wire + response.body)
        for part in response.stream or ():
            stream.send(part)

    def _answer(self, request: Request) -> Response:
        if request.path == self.token_path:
            return self._answer_token(request)
        if request.path == self.authorize_path:
            return self._answer_authorize(request)
        if request.path.startswith(f"{API}/"):
            return self._answer_api(request)
        return self._not_found()

    def _not_found(self) -> Response:
        return _json(404, {"ErrorCode": 0, "ErrorMessage": "There is nothing here."})

    # The authorize page: RFC 6749 section 4.1.1, without the person.

    def _answer_authorize(self, request: Request) -> Response:
        query = dict(urllib.parse.parse_qsl(request.target.partition("?")[2]))
        if query.get("client_id") != self.client_id or query.get("response_type") != "code":
            return _json(400, {"ErrorCode": 0, "ErrorMessage": "client_id or response_type"})
        challenge = query.get("code_challenge")
        if challenge and query.get("code_challenge_method") != "S256":
            return _json(400, {"ErrorCode": 0, "ErrorMessage": "code_challenge_method"})
        redirect_uri = query.get("redirect_uri")
        goes_to = redirect_uri or self.registered_redirect_uri
        code = self.add_code(redirect_uri=redirect_uri, challenge=challenge)
        if not goes_to:
            return Response(200, [("Content-Type", "text/plain")], code.encode() + b"\n")
        answer = {"error": self.authorize_error} if self.authorize_error else {"code": code}
        answer |= {"state": query["state"]} if "state" in query else {}
        separator = "&" if "?" in goes_to else "?"
        return Response(302, [("Location", goes_to + separator + urllib.parse.urlencode(answer))])

    # The token endpoint.

    def _answer_token(self, request: Request) -> Response:
        fault = self._take_fault()
        if fault:
            return _json(fault.status, {"ErrorMessage": "As configured."}, *fault.fields)
        try:
            if request.method != "POST":
                raise _OAuthError("invalid_request", "Use POST.", 405)
            return self._grant(request)
        except _OAuthError as error:
            fields = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
            if error.status == 401:
                fields.append(("WWW-Authenticate", 'Basic realm="Connect"'))
            if error.status == 405:
                fields.append(("Allow", "POST"))
            text = {"error": error.error, "error_description": error.description}
            return _json(error.status, text, *fields)

    def _take_fault(self) -> Fault | None:
        fault = self.fault
        if fault and fault.remaining is not None:
            fault.remaining -= 1
            if fault.remaining <= 0:
                self.fault = None
        return fault

    def _grant(self, request: Request) -> Response:
        media_type = (request.field("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != "application/x-www-form-urlencoded":
            raise _OAuthError("invalid_request", "The content type is not a form's.")
        form = _form(request.body)
        self._check_client(request, form)
        grants = {
            "password": self._check_password,
            "authorization_code": self._check_code,
            "client_credentials": lambda _: None,  # RFC 6749 section 4.4: the client is checked
            "refresh_token": self._check_refresh_token,
        }
        if "grant_type" not in form:
            raise _OAuthError("invalid_request", "grant_type is missing.")
        check = grants.get(form["grant_type"])
        if not check:
            raise _OAuthError("unsupported_grant_type", "No such grant.")
        proof = check(form)
        token = self._issue()
        if isinstance(proof, _Code):
            proof.token = token
        family = proof.family if isinstance(proof, _RefreshToken) else secrets.token_hex(8)
        return self._token_response(token, family)

    def _check_client(self, request: Request, form: dict[str, str]) -> None:
        if "client_secret" in form:
            raise _OAuthError("invalid_request", "The client authenticates in the header only.")
        pair = self._decode_basic(request) if request.count("Authorization") == 1 else None
        if not pair or not (_same(pair[0], self.client_id) and _same(pair[1], self.client_secret)):
            raise _OAuthError("invalid_client", "Client authentication failed.", 401)

    def _decode_basic(self, request: Request) -> tuple[str, str] | None:
        scheme, _, encoded = (request.field("Authorization") or "").partition(" ")
        if scheme != "Basic":  # the vendor's library compares with case
            return None
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeError):
            return None
        name, colon, secret = text.partition(":")
        if not colon:
            return None
        if self.basic_decoding == "form":
            return urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)
        return name, secret

    def _check_password(self, form: dict[str, str]) -> None:
        if "username" not in form or "password" not in form:
            raise _OAuthError("invalid_request", "username or password is missing.")
        if self.locked_out:
            raise _OAuthError("invalid_grant", "The account is locked.")
        right = _same(form["username"], self.username) and _same(form["password"], self.password)
        if not right:
            self.failed_logins += 1
            raise _OAuthError("invalid_grant", "User name or password is wrong.")
        self.failed_logins = 0

    def _check_code(self, form: dict[str, str]) -> _Code:
        if "code" not in form:
            raise _OAuthError("invalid_request", "code is missing.")
        code = self._codes.get(form["code"])
        if code and code.used:  # RFC 6749 section 4.1.2: what it brought is revoked
            self._tokens.pop(code.token or "", None)
        if not code or code.used or code.expires < time.monotonic():
            raise _OAuthError(self.code_error, "The code is wrong, used or expired.")
        code.used = True
        if code.redirect_uri != form.get("redirect_uri"):
            raise _OAuthError(self.code_error, "redirect_uri is not that of the code.")
        if code.challenge != _challenge_of(form.get("code_verifier")):
            raise _OAuthError(self.code_error, "code_verifier is not that of the code.")
        return code

    def _check_refresh_token(self, form: dict[str, str]) -> _RefreshToken:
        self.refresh_requests += 1
        token = self._refresh_tokens.get(form.get("refresh_token", ""))
        if token and token.used and self.revoke_replayed_families:
            self._revoke_family(token.family)
        if not token or token.used:
            raise _OAuthError("invalid_grant", "The refresh token is unknown, used or revoked.")
        token.used = True
        return token

    def _revoke_family(self, family: str) -> None:
        for name in [n for n, one in self._refresh_tokens.items() if one.family == family]:
            del self._refresh_tokens[name]

    def _issue(self) -> str:
        token = secrets.token_urlsafe(self.token_length)[: self.token_length]
        lifetime = 3600.0 if self.lifetime is None else self.lifetime
        self._tokens[token] = time.monotonic() + lifetime
        self.tokens_issued.append(token)
        return token

    def _token_response(self, token: str, family: str) -> Response:
        answer: dict[str, object] = {"access_token": token, "token_type": "bearer"}
        if self.lifetime is not None:
            answer["expires_in"] = self.lifetime
        if self.issue_refresh_tokens:
            answer["refresh_token"] = secrets.token_urlsafe(48)
            self._refresh_tokens[str(answer["refresh_token"])] = _RefreshToken(family)
        return _json(200, answer, ("Cache-Control", "no-store"), ("Pragma", "no-cache"))

    # The API.

    def is_valid(self, token: str) -> bool:
        """Whether the API accepts this token now."""
        with self.lock:
            return self._tokens.get(token, 0.0) > time.monotonic()

    def _answer_api(self, request: Request) -> Response:
        scheme, _, token = (request.field("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not self.is_valid(token):
            challenge = ("WWW-Authenticate", 'Bearer error="invalid_token"')
            return _json(401, {"ErrorMessage": "No valid access token."}, challenge)
        resource, _, rest = request.path.removeprefix(f"{API}/").partition("/")
        if resource == "devices":
            return self._answer_devices(request, rest)
        if resource == "large":
            query = dict(urllib.parse.parse_qsl(request.target.partition("?")[2]))
            count = int(query.get("bytes", "0"))
            kind = ("Content-Type", "application/octet-stream")
            return Response(200, [kind], stream=large_body(count), length=count)
        if resource == "status" and rest.isdecimal() and 200 <= int(rest) <= 599:
            return _json(int(rest), {"ErrorCode": 0, "ErrorMessage": f"Status {rest}."})
        return self._not_found()

    def _answer_devices(self, request: Request, device: str) -> Response:
        if request.method in ("POST", "PUT"):
            self.api_writes += 1
            kind = request.field("Content-Type") or "application/octet-stream"
            fields = [("Content-Type", kind), ("X-Count", str(self.api_writes))]
            return Response(201 if request.method == "POST" else 200, fields, request.body)
        if request.method == "DELETE":
            return Response(204)
        if request.method not in ("GET", "HEAD"):
            return _json(405, {"ErrorMessage": "Not here."}, ("Allow", "GET, POST, PUT, DELETE"))
        devices = [{"id": str(n), "name": f"printer-{n}", "online": n != 2} for n in (1, 2, 3)]
        if not device:
            return _json(200, devices)
        found = [one for one in devices if one["id"] == device]
        return _json(200, found[0]) if found else self._not_found()


# The command line.


def _read_secret(path: pathlib.Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text.removesuffix("\n").removesuffix("\r")


def _parse_fault(text: str) -> Fault:
    status, _, count = text.partition(":")
    return Fault(int(status), remaining=int(count) if count else None)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--port", type=int, default=0, help="default: any free one")
    add("--directory", type=pathlib.Path, help="keeps the certificates; default: a temporary one")
    add("--chain", choices=certificates.KINDS, default="ecdsa")
    add("--tls", choices=_TLS, default="any")
    add("--client-ca", type=pathlib.Path, metavar="FILE", help="demands client certificates of it")
    add("--client-id")
    add("--client-secret-file", type=pathlib.Path, metavar="FILE")
    add("--username")
    add("--password-file", type=pathlib.Path, metavar="FILE")
    add("--basic-decoding", choices=("plain", "form"), default="plain")
    add("--token-path", metavar="PATH")
    add("--lifetime", type=int, metavar="SECONDS")
    add("--token-length", type=int, metavar="N")
    add("--refresh-tokens", action="store_true")
    add("--log", type=pathlib.Path, metavar="FILE", help="all that is received, as JSON lines")
    add("--redirect", metavar="URL", help="answer token requests with 302")
    add("--fail", type=_parse_fault, metavar="STATUS[:COUNT]", help="fail token requests")
    return parser.parse_args()


def _configure(server: OAuthServer, options: argparse.Namespace) -> None:
    chosen = {
        "client_id": options.client_id,
        "client_secret": options.client_secret_file and _read_secret(options.client_secret_file),
        "username": options.username,
        "password": options.password_file and _read_secret(options.password_file),
        "basic_decoding": options.basic_decoding,
        "token_path": options.token_path,
        "lifetime": options.lifetime,
        "token_length": options.token_length,
        "issue_refresh_tokens": options.refresh_tokens,
        "fault": options.fail,
    }
    for name, value in chosen.items():
        if value is not None:
            setattr(server, name, value)
    if options.client_ca:
        server.require_client_certificates(options.client_ca)
    if options.redirect:
        server.redirect_with(302, options.redirect)


def main() -> None:
    """Serves until it is interrupted; the first line on stdout tells where."""
    options = _parse_options()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as stack:
        directory = options.directory or pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-auth-server-"))
        )
        server = OAuthServer(
            certificates.make_chain(directory, options.chain), options.port, tls=options.tls
        )
        _configure(server, options)
        if options.log:
            server.log = stack.enter_context(open(options.log, "a", encoding="utf-8"))
        stack.enter_context(server)
        print(f"listening on {server.url}, CA certificate {server.chain.ca_file}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
