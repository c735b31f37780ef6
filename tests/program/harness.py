# SPDX-License-Identifier: Apache-2.0
"""Runs connect-auth as a user would: its own directory, configuration file and environment.

The program is named by the environment variable CONNECT_AUTH_PROGRAM, what shifts its clock by
CONNECT_AUTH_SHIFTED_CLOCK (built from shifted_clock.c). Certificates are kept in
CONNECT_AUTH_TEST_CERTIFICATES where that is set, so that several runs can share them.
"""

import atexit
import base64
import contextlib
import dataclasses
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from collections.abc import Callable, Iterable

TESTS = pathlib.Path(__file__).resolve().parent.parent
DATA = TESTS / "data"
sys.path[:0] = [str(TESTS / "server"), str(TESTS / "server" / "foreign")]

import certificates  # noqa: E402
from oauth_server import OAuthServer  # noqa: E402
from transport import Listener  # noqa: E402

EXIT_DONE = 0
EXIT_OTHER = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_NEEDS_CODE = 4
EXIT_UNREACHABLE = 5
EXIT_UNTRUSTED = 6
EXIT_PROTOCOL = 7
EXIT_STORAGE = 8

CLIENT_SECRET = "Cl1ent/Secret+With=Symbols%41"
PASSWORD = "pässword & more+%41 {planted}"
# Long enough for a loaded machine under sanitizers; a test that reaches it has failed.
PATIENCE_SECONDS = 60.0


def _named_by(variable: str) -> str:
    """What is under test; a missing one is an error and never a skipped test."""
    path = os.environ.get(variable, "")
    if not os.access(path, os.X_OK) or not pathlib.Path(path).is_absolute():
        raise RuntimeError(f"set {variable} to the absolute path of what was built")
    return path


def program() -> str:
    """The program under test."""
    return _named_by("CONNECT_AUTH_PROGRAM")


@functools.cache
def certificate_directory() -> str:
    """Where chains are made, once per process unless the environment names a place."""
    given = os.environ.get("CONNECT_AUTH_TEST_CERTIFICATES")
    if given:
        return given
    made = tempfile.mkdtemp(prefix="connect-auth-certificates-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def chain(kind: str = "ecdsa") -> certificates.Chain:
    """A chain of certificates.KINDS."""
    return certificates.make_chain(certificate_directory(), kind)


def client_chain(kind: str = "ecdsa") -> certificates.Chain:
    """What a client presents, of certificates.CLIENT_KINDS."""
    return certificates.make_client(certificate_directory(), kind)


def _base64_traces(secret: bytes) -> Iterable[bytes]:
    """What Base64 makes of a secret wherever it stands, e.g. behind `id:`."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret)
        whole = (before + len(secret)) // 3 * 4  # the last group depends on what follows
        trace = encoded[(0, 2, 3)[before] : whole]
        yield trace
        yield trace.translate(bytes.maketrans(b"+/", b"-_"))


def traces(secret: str) -> set[bytes]:
    """Every form in which a secret may show up: plain, Base64, and form- or URL-encoded."""
    plain = secret.encode()
    encoded = {
        urllib.parse.quote_plus(secret),
        urllib.parse.quote_plus(secret, safe="*-._"),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote(secret),
    }
    found = {plain, *_base64_traces(plain), *(text.encode() for text in encoded)}
    for text in encoded:
        found.update(_base64_traces(text.encode()))
    return {trace for trace in found if len(trace) >= 5}


@dataclasses.dataclass
class Outcome:
    """How a run of the program ended."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float = 0.0

    @property
    def token(self) -> str:
        """What `token` printed."""
        return self.stdout.decode("ascii").removesuffix("\n")


class Device:
    """One device: a directory with configuration, secrets and store, and the runs upon it."""

    def __init__(self, directory: pathlib.Path, server: object) -> None:
        """`server` is anything with `url` and `chain`."""
        self.directory = directory
        self.store = directory / "store"
        self.configuration = directory / "connect-auth.ini"
        self.environment: dict[str, str] = {}
        self.prefix: list[str] = []
        # 32 octets as they are: the key that seals what is stored.
        self.write("key", os.urandom(32))
        self.settings: dict[str, dict[str, str]] = {
            "server": {"url": server.url, "ca_file": str(server.chain.ca_file)},
            "client": {
                "id": getattr(server, "client_id", "some-client"),
                "secret_file": self.write("client-secret", CLIENT_SECRET),
            },
            "grant": {
                "type": "password",
                "username": getattr(server, "username", "Administrator"),
                "password_file": self.write("user-password", PASSWORD),
            },
            "store": {"path": str(self.store), "key_file": str(directory / "key")},
            "limits": {"timeout": "40", "connect_timeout": "20"},
        }

    def write(self, name: str, content: str | bytes) -> str:
        """A private file in the device's directory."""
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)
        return str(path)

    def go_on_later(self, seconds: int) -> None:
        """From now on the device's clocks are ahead of the server's by so much more."""
        self._shift_clock()
        before = int(self.environment.get("CONNECT_AUTH_TEST_LATER", "0"))
        self.environment["CONNECT_AUTH_TEST_LATER"] = str(before + seconds)

    def lose_the_time(self, begins_at: int = 100) -> None:
        """The device has no clock that keeps the time while it is off."""
        self._shift_clock()
        self.environment["CONNECT_AUTH_TEST_WALL"] = str(begins_at)

    def step_the_clock(self, seconds: int) -> None:
        """From now on, also for a program that runs, the device's date is wrong by so much."""
        self._shift_clock()
        self.write("step.new", str(seconds))
        os.replace(self.directory / "step.new", self.directory / "step")
        self.environment["CONNECT_AUTH_TEST_STEP"] = str(self.directory / "step")

    def _shift_clock(self) -> None:
        # The sanitizers' library wants to be the first one, without need.
        options = os.environ.get("ASAN_OPTIONS", "")
        self.environment["ASAN_OPTIONS"] = f"verify_asan_link_order=0:{options}"
        library = self.directory / "clock.so"  # A blank in the name would end it.
        if not library.is_symlink():
            library.symlink_to(_named_by("CONNECT_AUTH_SHIFTED_CLOCK"))
        if os.environ.get("CONNECT_AUTH_EMULATED"):  # It is not for the emulator itself.
            self.environment["QEMU_SET_ENV"] = f"LD_PRELOAD={library}"
        else:
            self.environment["LD_PRELOAD"] = str(library)

    def use_client_secret(self, secret: str | bytes) -> None:
        """Replaces the client secret."""
        self.write("client-secret", secret)

    def use_password(self, username: str, password: str | bytes) -> None:
        """Replaces the user's credentials."""
        self.settings["grant"]["username"] = username
        self.write("user-password", password)

    def use_code(self, code: str, redirect_uri: str | None = None) -> None:
        """Changes over to the code grant."""
        grant = {"type": "authorization_code", "code_file": self.write("code", code)}
        if redirect_uri:
            grant["redirect_uri"] = redirect_uri
        self.settings["grant"] = grant

    def write_configuration(self) -> None:
        """Puts the settings into the INI file."""
        lines = []
        for section, values in self.settings.items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {value}" for name, value in values.items()]
        made = self.write("configuration.new", "\n".join(lines) + "\n")
        os.replace(made, self.configuration)  # Another process may be reading it.

    def options(self) -> list[str]:
        """The settings as options instead."""
        return [
            part
            for section, values in self.settings.items()
            for name, value in values.items()
            for part in (f"--{section}-{name.replace('_', '-')}", value)
        ]

    def start(self, *arguments: str | bytes, configured: bool = True) -> subprocess.Popen[bytes]:
        """Starts the program; whoever calls it waits for it."""
        where: list[str | bytes] = []
        if configured:
            self.write_configuration()
            where = ["--config", str(self.configuration)]
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        return subprocess.Popen(
            [*self.prefix, program(), *where, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.directory,
            env={"PATH": os.defpath, "HOME": str(self.directory)} | kept | self.environment,
        )

    def run(
        self, *arguments: str | bytes, stdin: bytes = b"", configured: bool = True
    ) -> Outcome:
        """Runs the program to its end."""
        return finish(self.start(*arguments, configured=configured), stdin)

    def stored_files(self) -> list[pathlib.Path]:
        """All that is in the store."""
        return sorted(path for path in self.store.rglob("*") if path.is_file())


def finish(process: subprocess.Popen[bytes], stdin: bytes = b"") -> Outcome:
    """Waits for a run; one that hangs is killed and fails the test."""
    began = time.monotonic()
    try:
        stdout, stderr = process.communicate(stdin, timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"connect-auth hangs: {process.args}") from None
    return Outcome(process.returncode, stdout, stderr, time.monotonic() - began)


class ProgramTest(unittest.TestCase):
    """A bundled server with known credentials and a device that is configured for it."""

    chain_kind = "ecdsa"
    tls = "any"

    def setUp(self) -> None:
        self.server = self.new_server()
        self.device = self.new_device()

    def new_server(
        self, kind: str | None = None, tls: str | None = None, port: int = 0
    ) -> OAuthServer:
        """A running server that knows the device's credentials."""
        server = OAuthServer(chain(kind or self.chain_kind), port, tls=tls or self.tls)
        server.client_secret, server.password = CLIENT_SECRET, PASSWORD
        return self.enterContext(server)

    def new_device(self, server: object = None) -> Device:
        """A device with an empty store."""
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        return Device(directory, server or self.server)

    def secrets_of(self, device: Device) -> list[str]:
        """What must never show up."""
        found = []
        for name in ("client-secret", "user-password", "code"):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = (device.directory / name).read_text(encoding="utf-8").strip()
                found += [text] if len(text) >= 6 else []
        return found + [token for token in self.server.tokens_issued]

    def assert_no_secret(self, text: bytes, secrets: Iterable[str]) -> None:
        """None of the secrets is in the text, in any form."""
        for secret in secrets:
            for trace in traces(secret):
                if trace in text:
                    self.fail(f"a secret leaked as {trace!r} into {text[:2000]!r}")

    def assert_done(self, outcome: Outcome) -> None:
        """Success, without a word of complaint."""
        self.assertEqual((outcome.code, outcome.stderr), (EXIT_DONE, b""), outcome)

    def assert_fails(
        self,
        outcome: Outcome,
        *codes: int,
        device: Device | None = None,
        mentions: str | None = None,
    ) -> None:
        """One of the exit codes, nothing on stdout, one sentence without a secret on stderr."""
        self.assertIn(outcome.code, codes, outcome)
        self.assertEqual(outcome.stdout, b"", outcome)
        self.assert_sentence(outcome.stderr)
        self.assert_no_secret(outcome.stderr, self.secrets_of(device or self.device))
        if mentions:
            self.assertIn(mentions, outcome.stderr.decode())

    def assert_sentence(self, stderr: bytes) -> None:
        """Exactly one printable line that says something."""
        text = stderr.decode()
        self.assertTrue(text.endswith("\n"), stderr)
        self.assertEqual(text.count("\n"), 1, stderr)
        self.assertTrue(text[:-1].isprintable(), stderr)
        self.assertGreater(len(text.split()), 3, stderr)

    def assert_nothing_sent(self, *servers: Listener, device: Device | None = None) -> None:
        """No server received a request, or a secret in any form, on any connection."""
        for server in servers or (self.server,):
            self.assertTrue(server.settle(), "a connection is still open")
            self.assertEqual(server.requests, [])
            self.assert_no_secret(server.received(), self.secrets_of(device or self.device))
            for connection in server.connections:
                self.assertEqual(bytes(connection.plaintext) if connection.tls_version else b"",
                                 b"")

    def assert_refused_before_connecting(
        self, outcome: Outcome, device: Device | None = None, mentions: str | None = None
    ) -> None:
        """Exit 2, and the server saw not even a connection."""
        self.assert_fails(outcome, EXIT_USAGE, device=device, mentions=mentions)
        self.assertEqual(self.server.count_connections(), 0)


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """For conditions that nobody announces."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
