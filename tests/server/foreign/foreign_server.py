# SPDX-License-Identifier: Apache-2.0
"""An OAuth 2.0 server that nobody here wrote: django-oauth-toolkit behind gunicorn's TLS.

A server of our own shares our reading of the RFCs; this one does not. Needs the Debian packages
python3-django-oauth-toolkit and gunicorn.
"""

import argparse
import contextlib
import dataclasses
import html.parser
import http.cookiejar
import importlib.util
import json
import os
import pathlib
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import certificates  # noqa: E402

# Debian's modules belong to Debian's interpreter, whichever runs this file.
PYTHON = "/usr/bin/python3"
PACKAGES = ("python3-django-oauth-toolkit", "gunicorn")
REDIRECT_URI = "https://client.example/callback"
_START_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class ApiClient:
    """What a client is configured with."""

    client_id: str
    client_secret: str


def is_installed() -> bool:
    """Whether the Debian packages are there."""
    program = "import django, gunicorn, oauth2_provider"
    if sys.executable == PYTHON:
        return all(map(importlib.util.find_spec, ("django", "gunicorn", "oauth2_provider")))
    return subprocess.run([PYTHON, "-c", program], check=False, capture_output=True).returncode == 0


class _HiddenFields(html.parser.HTMLParser):
    """The hidden inputs of a page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for every tag."""
        fields = dict(attrs)
        if tag == "input" and fields.get("type") == "hidden" and fields.get("name"):
            self.values[fields["name"]] = fields.get("value") or ""


class _StopAtRedirectUri(urllib.request.HTTPRedirectHandler):
    """A browser would go on to the client; here the address is all that is wanted."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # noqa: ANN001, D102, PLR0913
        if newurl.startswith(REDIRECT_URI):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class ForeignServer:
    """Runs the server as a subprocess, on a port of its own, as a context manager."""

    scheme = "https"
    token_path = "/o/token/"
    api_path = "/Connect/api/devices"
    username = "Administrator"

    def __init__(
        self,
        chain: certificates.Chain,
        token_seconds: int = 3600,
        worker: str = "sync",
        port: int = 0,
    ) -> None:
        """`worker` "sync" closes after each answer, without close_notify; "gthread" keeps open."""
        self.chain = chain
        self.password = "pä$$ wörd & +" + secrets.token_urlsafe(8)
        # The toolkit percent-decodes Basic credentials (RFC 6749 section 2.3.1). A secret with
        # '/' and '=' is the same with and without that; one with '+' and '%' is not.
        self.password_client = ApiClient("password-client", f"a/{secrets.token_hex(16)}==")
        self.code_client = ApiClient("code-client", f"b+%41{secrets.token_hex(16)}")
        self._token_seconds = token_seconds
        self._worker = worker
        self._wanted_port = port
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: pathlib.Path | None = None
        self.port = 0

    def __enter__(self) -> "ForeignServer":
        with contextlib.ExitStack() as stack:
            directory = pathlib.Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-auth-foreign-"))
            )
            environment = self._environment(directory)
            self._prepare(environment)
            stack.callback(self._stop_process)
            self._start(directory, environment)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where clients find this server."""
        return f"https://localhost:{self.port}"

    def new_code(self) -> str:
        """Logs a browser in, presses "Authorize" and returns the code that comes of it."""
        browser = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self.tls_context()),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.ProxyHandler({}),
            _StopAtRedirectUri(),
        )
        state = secrets.token_urlsafe(8)
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": self.code_client.client_id, "state": state,
            "redirect_uri": REDIRECT_URI,
        })
        with browser.open(f"{self.url}/o/authorize/?{query}") as page:
            login = _submission(page, username=self.username, password=self.password)
        with browser.open(login) as page:
            consent = _submission(page, allow="Authorize")
        try:
            browser.open(consent).close()
        except urllib.error.HTTPError as redirect:
            with redirect:
                answer = urllib.parse.urlsplit(redirect.headers["Location"] or "").query
            values = dict(urllib.parse.parse_qsl(answer))
            if values.get("state") == state and "code" in values:
                return values["code"]
        raise RuntimeError("the authorize page gave no code:\n" + self.log())

    def tls_context(self) -> ssl.SSLContext:
        """Trusts this server's CA and nothing else."""
        return ssl.create_default_context(cafile=str(self.chain.ca_file))

    def log(self) -> str:
        """What the server itself wrote."""
        return self._log.read_text(encoding="utf-8") if self._log and self._log.exists() else ""

    def _environment(self, directory: pathlib.Path) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "settings",
            "FOREIGN_SERVER_DIRECTORY": str(directory),
            "FOREIGN_SERVER_KEY": secrets.token_hex(32),
            "FOREIGN_SERVER_TOKEN_SECONDS": str(self._token_seconds),
        }

    def _prepare(self, environment: dict[str, str]) -> None:
        wanted = {
            "username": self.username,
            "password": self.password,
            "applications": [
                dataclasses.asdict(self.password_client)
                | {"authorization_grant_type": "password"},
                dataclasses.asdict(self.code_client)
                | {"authorization_grant_type": "authorization-code", "redirect_uris": REDIRECT_URI},
            ],
        }
        result = subprocess.run(
            [PYTHON, str(HERE / "prepare.py")], env=environment, input=json.dumps(wanted),
            capture_output=True, text=True, check=False,
        )
        if result.returncode != 0:
            raise RuntimeError(f"the database could not be made:\n{result.stderr}")

    def _start(self, directory: pathlib.Path, environment: dict[str, str]) -> None:
        self._log = directory / "log"
        with socket.create_server(("127.0.0.1", self._wanted_port)) as listening:
            self.port = listening.getsockname()[1]
            command = [
                PYTHON, "-m", "gunicorn", "--bind", f"fd://{listening.fileno()}",
                "--certfile", str(self.chain.chain_file), "--keyfile", str(self.chain.key_file),
                "--worker-class", self._worker, "--threads", "4" if self._worker != "sync" else "1",
                "--worker-tmp-dir", str(directory), "--chdir", str(HERE),
                "--error-logfile", str(self._log), "--log-level", "info",
                "--graceful-timeout", "1", "django.core.wsgi:get_wsgi_application()",
            ]
            self._process = subprocess.Popen(
                command, env=environment, pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
                    self.tls_context().wrap_socket(sock, server_hostname="localhost").close()
                    return
            time.sleep(0.05)
        raise RuntimeError("the foreign server did not start:\n" + self.log())

    def _stop_process(self) -> None:
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _submission(page: urllib.request.addinfourl, **filled: str) -> urllib.request.Request:
    """The request that a browser would send for the page's form."""
    fields = _HiddenFields(page.read().decode()).values | filled
    url = page.geturl()
    return urllib.request.Request(
        url, urllib.parse.urlencode(fields).encode(), {"Referer": url}  # Django checks it
    )


def main() -> None:
    """Serves until it is interrupted, for trying things by hand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--chain", choices=certificates.KINDS, default="ecdsa")
    parser.add_argument("--worker", choices=("sync", "gthread"), default="sync")
    options = parser.parse_args()
    if not is_installed():
        parser.error("missing; apt-get install " + " ".join(PACKAGES))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="connect-auth-certificates-") as directory:
        chain = certificates.make_chain(directory, options.chain)
        with ForeignServer(chain, worker=options.worker, port=options.port) as server:
            print(f"listening on {server.url}, CA certificate {chain.ca_file}")
            print(f"token path {server.token_path}, user {server.username} {server.password}")
            print(f"{server.password_client}\n{server.code_client}\ncode {server.new_code()}")
            sys.stdout.flush()
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()


if __name__ == "__main__":
    main()
