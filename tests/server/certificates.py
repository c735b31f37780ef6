# SPDX-License-Identifier: Apache-2.0
"""Private CAs, server and client certificates, good and bad ones, made on the spot with openssl(1).

Nothing is committed: a certificate in a repository expires some day, and its key is public.
`openssl ca` is used throughout because `openssl x509` of OpenSSL 3.0 cannot set validity dates.
"""

import argparse
import contextlib
import dataclasses
import datetime
import fcntl
import pathlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator

# The last one is where emulated machines see the server: see tests/support/relay.py.
GOOD_NAMES = ("DNS:localhost", "DNS:server.domain.tld", "IP:127.0.0.1", "IP:::1", "IP:10.0.2.100")

_DAY = datetime.timedelta(days=1)
_YEAR = 365 * _DAY
# Old enough material is made anew, so that a long-lived directory never turns red by itself.
_REUSE_SECONDS = 30 * 24 * 3600

_OPENSSL_CA = """
[ca]
default_ca = this
[this]
new_certs_dir = {directory}
database = {directory}/index.txt
unique_subject = no
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature{server_usage}
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = {names}
[client]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
"""


@dataclasses.dataclass(frozen=True)
class Chain:
    """What a server or client presents, and the root that a careful peer of it is configured with."""

    ca_file: pathlib.Path
    chain_file: pathlib.Path
    key_file: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a chain differs from a good one."""

    issuer: str = "ecdsa"
    trusted: str = "ecdsa"
    key: str = "P-256"
    names: tuple[str, ...] = GOOD_NAMES
    begins: datetime.timedelta = -_DAY
    ends: datetime.timedelta = _YEAR


KINDS = {
    "rsa": Kind(issuer="rsa", trusted="rsa", key="rsa:2048"),
    "ecdsa": Kind(),
    "expired": Kind(begins=-30 * _DAY, ends=-_DAY),
    "not_yet_valid": Kind(begins=_YEAR, ends=2 * _YEAR),
    "wrong_host": Kind(names=("DNS:other.example",)),
    "untrusted": Kind(issuer="untrusted"),
    "self_signed": Kind(issuer=""),
}
CLIENT_KINDS = {
    "rsa": Kind(issuer="rsa", trusted="rsa", key="rsa:2048"),
    "ecdsa": Kind(),
    "ecdsa384": Kind(key="P-384"),
    "expired": Kind(begins=-30 * _DAY, ends=-_DAY),
    "untrusted": Kind(issuer="untrusted"),
}
BAD_KINDS = ("expired", "not_yet_valid", "wrong_host", "untrusted", "self_signed")

_AUTHORITY_KEYS = {
    "rsa": ("rsa:4096", "rsa:2048"),
    "ecdsa": ("P-384", "P-256"),
    "untrusted": ("P-384", "P-256"),
}


class CertificateError(RuntimeError):
    """openssl(1) failed; the message holds what it said."""


def _openssl(*arguments: str | pathlib.Path) -> None:
    result = subprocess.run(
        ["openssl", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise CertificateError(f"openssl {arguments[0]}: {result.stderr.strip()}")


def _make_key(kind: str, key_file: pathlib.Path) -> None:
    algorithm = (
        ("RSA", f"rsa_keygen_bits:{kind.removeprefix('rsa:')}")
        if kind.startswith("rsa:")
        else ("EC", f"ec_paramgen_curve:{kind}")
    )
    _openssl("genpkey", "-algorithm", algorithm[0], "-pkeyopt", algorithm[1], "-out", key_file)
    key_file.chmod(0o600)


@dataclasses.dataclass(frozen=True)
class _Order:
    """One certificate to be made."""

    name: str
    section: str
    key: str
    begins: datetime.datetime
    ends: datetime.datetime
    names: tuple[str, ...] = GOOD_NAMES


def _utc(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")


def _issue(directory: pathlib.Path, order: _Order, issuer: str) -> None:
    """Makes DIRECTORY/NAME.{key,pem}, signed by DIRECTORY/ISSUER or, without one, by itself."""
    key = directory / f"{order.name}.key"
    _make_key(order.key, key)
    with tempfile.TemporaryDirectory(dir=directory) as name:
        work = pathlib.Path(name)
        (work / "index.txt").touch()
        usage = ", keyEncipherment" if order.key.startswith("rsa:") else ""
        config = work / "openssl.cnf"
        config.write_text(
            _OPENSSL_CA.format(
                directory=work, server_usage=usage, names=", ".join(order.names)
            )
        )
        request = work / "request.csr"
        _openssl("req", "-new", "-config", "/dev/null", "-key", key, "-out", request,
                 "-subj", f"/CN=connect-auth test {order.name}")
        signer = ("-cert", directory / f"{issuer}.pem", "-keyfile", directory / f"{issuer}.key")
        if not issuer:
            signer = ("-selfsign", "-keyfile", key)
        made = work / "made.pem"
        _openssl("ca", "-batch", "-notext", "-config", config, "-extensions", order.section,
                 "-startdate", _utc(order.begins), "-enddate", _utc(order.ends),
                 "-in", request, "-out", made, *signer)
        made.replace(directory / f"{order.name}.pem")


def _is_fresh(file: pathlib.Path) -> bool:
    return file.exists() and 0 <= time.time() - file.stat().st_mtime < _REUSE_SECONDS


def _make_authority(directory: pathlib.Path, name: str) -> None:
    if _is_fresh(directory / f"{name}-intermediate.pem"):
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    dates = {"begins": now - 40 * _DAY, "ends": now + 5 * _YEAR}
    root, intermediate = _AUTHORITY_KEYS[name]
    _issue(directory, _Order(f"{name}-root", "root", root, **dates), "")
    _issue(directory, _Order(f"{name}-intermediate", "intermediate", intermediate, **dates),
           f"{name}-root")


@contextlib.contextmanager
def _locked(directory: pathlib.Path) -> Iterator[None]:
    """Several test processes may share a directory: one makes, the others wait and reuse."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(directory / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_chain(
    directory: str | pathlib.Path,
    kind: str,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
) -> Chain:
    """Makes a chain of one of KINDS, or reuses what the directory already has.

    With dates of its own the server certificate is always made anew, beside the usual one.
    """
    if kind not in KINDS:
        raise ValueError(f"no such kind of chain: {kind}; there are: {', '.join(KINDS)}")
    recipe = KINDS[kind]
    directory = pathlib.Path(directory).resolve()
    dated = bool(not_before or not_after)
    name = f"{kind}-dated" if dated else kind
    with _locked(directory):
        for authority in sorted({recipe.issuer, recipe.trusted} - {""}):
            _make_authority(directory, authority)
        if dated or not _is_current(directory, kind, recipe.issuer):
            _make_leaf(directory, name, recipe, (not_before, not_after))
    return Chain(
        ca_file=directory / f"{recipe.trusted}-root.pem",
        chain_file=directory / f"{name}-chain.pem",
        key_file=directory / f"{name}-server.key",
    )


def make_client(directory: str | pathlib.Path, kind: str) -> Chain:
    """As `make_chain`, what a client presents: one of CLIENT_KINDS."""
    recipe, name = CLIENT_KINDS[kind], f"client-{kind}"
    directory = pathlib.Path(directory).resolve()
    with _locked(directory):
        for authority in sorted({recipe.issuer, recipe.trusted}):
            _make_authority(directory, authority)
        if not _is_current(directory, name, recipe.issuer):
            _make_leaf(directory, name, recipe, (None, None), "client")
    return Chain(
        ca_file=directory / f"{recipe.trusted}-root.pem",
        chain_file=directory / f"{name}-chain.pem",
        key_file=directory / f"{name}-client.key",
    )


def _is_current(directory: pathlib.Path, name: str, issuer: str) -> bool:
    """Whether the chain exists, is fresh, and was made by the authority that is there now."""
    chain = directory / f"{name}-chain.pem"
    if not _is_fresh(chain):
        return False
    if not issuer:
        return True
    return chain.read_bytes().endswith((directory / f"{issuer}-intermediate.pem").read_bytes())


def _make_leaf(
    directory: pathlib.Path,
    name: str,
    recipe: Kind,
    dates: tuple[datetime.datetime | None, datetime.datetime | None],
    role: str = "server",
) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    order = _Order(
        f"{name}-{role}",
        role,
        recipe.key,
        dates[0] or now + recipe.begins,
        dates[1] or now + recipe.ends,
        recipe.names,
    )
    issuer = f"{recipe.issuer}-intermediate" if recipe.issuer else ""
    _issue(directory, order, issuer)
    chain = (directory / f"{order.name}.pem").read_bytes()
    if issuer:
        chain += (directory / f"{issuer}.pem").read_bytes()
    (directory / f"{name}-chain.pem").write_bytes(chain)


def _parse_date(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


def main() -> None:
    """Makes the chains named on the command line and prints where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("kind", nargs="+", choices=KINDS)
    parser.add_argument("--not-before", type=_parse_date, metavar="DATE", help="ISO 8601")
    parser.add_argument("--not-after", type=_parse_date, metavar="DATE", help="ISO 8601")
    options = parser.parse_args()
    if not shutil.which("openssl"):
        parser.error("the openssl command is missing: apt-get install openssl")
    for kind in options.kind:
        chain = make_chain(options.directory, kind, options.not_before, options.not_after)
        print(f"{kind}: CA {chain.ca_file}, chain {chain.chain_file}, key {chain.key_file}")


if __name__ == "__main__":
    main()
