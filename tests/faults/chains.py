# SPDX-License-Identifier: Apache-2.0
"""Chains of certificates with something wrong in them, made on the spot with openssl(1).

tests/server/certificates.py makes the usual ones, a few kinds and well cached. Here each certificate
says all of itself, so that anything can be wrong with any of them.
"""

import dataclasses
import datetime
import functools
import pathlib
import subprocess
import tempfile
import threading

from certificates import Chain, CertificateError

_DAY = datetime.timedelta(days=1)
_NOW = datetime.datetime.now(datetime.timezone.utc)
_CONFIG = """
[ca]
default_ca = this
[this]
new_certs_dir = {directory}
database = {directory}/index.txt
unique_subject = no
rand_serial = yes
policy = any
[any]
commonName = supplied
"""
_CURVES = ("P-256", "P-384", "P-521", "secp256k1", "brainpoolP256r1", "secp224r1")
_making = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Certificate:
    """One certificate: by default a good one of a server."""

    common_name: str = "the server"
    names: str = "DNS:localhost,IP:127.0.0.1,IP:::1"  # of subjectAltName; "": there is none
    usage: str = "critical,digitalSignature"
    purpose: str = "serverAuth"
    basic: str = "critical,CA:false"
    more: str = ""  # extensions, as openssl writes them
    key: str = "P-256"
    digest: str = "sha256"
    begins: str = (_NOW - _DAY).strftime("%Y%m%d%H%M%SZ")
    ends: str = (_NOW + 365 * _DAY).strftime("%Y%m%d%H%M%SZ")

    def extensions(self) -> str:
        """As the file that openssl reads."""
        lines = {
            "basicConstraints": self.basic, "keyUsage": self.usage,
            "extendedKeyUsage": self.purpose, "subjectAltName": self.names,
        }
        return "\n".join([f"{k}={v}" for k, v in lines.items() if v] + [self.more, ""])


def authority(name: str, **differences: str) -> Certificate:
    """A CA, but for the differences a good one."""
    good = Certificate(
        name, names="", usage="critical,keyCertSign,cRLSign", purpose="", basic="critical,CA:true"
    )
    return dataclasses.replace(good, **differences)


ROOT = authority("root")
BETWEEN = authority("between")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A server's certificate, and those between it and a root."""

    server: Certificate = Certificate()
    between: tuple[Certificate, ...] = (BETWEEN,)  # the one below the root first
    root: Certificate = ROOT
    trusted: Certificate | None = None  # by the device; None: the root
    sends: int = 99  # so many of them at most, the server's first
    extra: int = 0  # so many certificates behind that have nothing to do with it


def _openssl(*arguments: str | pathlib.Path) -> None:
    result = subprocess.run(
        ["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )
    if result.returncode != 0:
        raise CertificateError(f"openssl {arguments[0]}: {result.stderr.strip()}")


def _make_key(kind: str, file: pathlib.Path) -> None:
    if kind in _CURVES:
        options = ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}"]
    elif kind.startswith("rsa:"):
        options = ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind.removeprefix('rsa:')}"]
    else:
        options = ["-algorithm", kind]
    _openssl("genpkey", *options, "-out", file)


@functools.cache
def _issue(
    directory: pathlib.Path, wanted: Certificate, above: tuple[Certificate, ...]
) -> tuple[pathlib.Path, pathlib.Path]:
    """The certificate, as signed by the last one `above`, and its key."""
    issuer = _issue(directory, above[-1], above[:-1]) if above else None
    work = pathlib.Path(tempfile.mkdtemp(dir=directory))
    key, made = work / "key", work / "certificate"
    (work / "index.txt").touch()
    (work / "openssl.cnf").write_text(_CONFIG.format(directory=work))
    (work / "extensions").write_text(wanted.extensions())
    _make_key(wanted.key, key)
    _openssl("req", "-new", "-config", "/dev/null", "-key", key, "-out", work / "request",
             "-subj", f"/CN={wanted.common_name}")
    signer = ("-cert", issuer[0], "-keyfile", issuer[1]) if issuer else ("-selfsign", "-keyfile", key)
    _openssl("ca", "-batch", "-notext", "-config", work / "openssl.cnf", "-md", wanted.digest,
             "-extfile", work / "extensions", "-startdate", wanted.begins, "-enddate", wanted.ends,
             "-in", work / "request", "-out", made, *signer)
    return made, key


def make(directory: pathlib.Path, recipe: Recipe) -> Chain:
    """A chain; it, and what several have in common, is made once. Several threads may call."""
    with _making:
        return _make(directory, recipe)


@functools.cache
def _make(directory: pathlib.Path, recipe: Recipe) -> Chain:
    line = (recipe.root, *recipe.between, recipe.server)
    files = [_issue(directory, line[n], line[:n]) for n in range(len(line))]
    sent = [certificate for certificate, _ in reversed(files[1:])][: recipe.sends]
    sent += [_issue(directory, authority(f"stranger {n}"), ())[0] for n in range(recipe.extra)]
    chain = pathlib.Path(tempfile.mkdtemp(dir=directory)) / "chain"
    chain.write_bytes(b"".join(file.read_bytes() for file in sent))
    trusted, _ = _issue(directory, recipe.trusted or recipe.root, ())
    return Chain(ca_file=trusted, chain_file=chain, key_file=files[-1][1])
