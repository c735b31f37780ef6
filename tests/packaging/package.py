# SPDX-License-Identifier: Apache-2.0
"""What a Debian package of connect-auth must be, whatever built it."""

import gzip
import io
import json
import pathlib
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "usr/bin/connect-auth"
CONFIGURATION = "etc/connect-auth/connect-auth.conf"
SERVICE = "usr/lib/systemd/system/connect-auth.service"
CHANGELOG = "usr/share/doc/connect-auth/changelog.gz"
COPYRIGHT = "usr/share/doc/connect-auth/copyright"
SBOM = "usr/share/doc/connect-auth/connect-auth.spdx.json"
MODES = {
    PROGRAM: 0o755,
    CONFIGURATION: 0o600,
    SERVICE: 0o644,
    "usr/lib/systemd/system/connect-auth.socket": 0o644,
    "usr/lib/sysusers.d/connect-auth.conf": 0o644,
    "usr/lib/tmpfiles.d/connect-auth.conf": 0o644,
    "usr/share/bash-completion/completions/connect-auth": 0o644,
    "usr/share/zsh/vendor-completions/_connect-auth": 0o644,
    CHANGELOG: 0o644,
    COPYRIGHT: 0o644,
    SBOM: 0o644,
    "usr/share/man/man1/connect-auth.1.gz": 0o644,
    "usr/share/man/man5/connect-auth.conf.5.gz": 0o644,
}
CONTROL = {"control", "md5sums", "conffiles", "postinst", "prerm", "postrm"}
# As readelf names them.
MACHINES = {
    "amd64": ("ELF64", "little", "X86-64"),
    "arm64": ("ELF64", "little", "AArch64"),
    "armhf": ("ELF32", "little", "ARM"),
    "mips": ("ELF32", "big", "MIPS"),
    "mipsel": ("ELF32", "little", "MIPS"),
    "riscv64": ("ELF64", "little", "RISC-V"),
}
# Octets of all files. For armhf the goal is 400,000, without hardening; elsewhere instructions are larger.
MOST_OCTETS = {"armhf": 410_000}
MOST_OCTETS_ELSEWHERE = 900_000
# What each library that is linked in wants to be said.
LICENCES = ("Apache-2.0", "The Mbed TLS Contributors", "Dave Gamble", "Permission is hereby granted, free of charge",
            "Ben Hoyt", "Redistributions in binary form must reproduce", "GCC Runtime Library Exception")
# What is linked in, as SPDX names it, and its licence (spdx.org/licenses).
LINKED = {"mbedtls": "Apache-2.0", "cjson": "MIT", "inih": "BSD-3-Clause",
          "gcc": "GPL-3.0-or-later WITH GCC-exception-3.1"}
# Configured in the clear: a line that is not commented out. A key: the program knows its first line, too, but not what
# follows.
SECRET = re.compile(rb"^(secret|password|code) *=|BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/]", re.MULTILINE)


class Package:
    """A .deb, opened."""

    def __init__(self, path: pathlib.Path) -> None:
        self.control = self._part(path, "--ctrl-tarfile")
        self.files = self._part(path, "--fsys-tarfile")
        self.fields = dict(re.findall(r"^([\w-]+): (.*)$", self.text(self.control, "control"), re.MULTILINE))

    @staticmethod
    def _part(path: pathlib.Path, part: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
        """By name: what the archive says, and the content."""
        octets = subprocess.run(["dpkg-deb", part, path], stdout=subprocess.PIPE, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(octets)) as archive:
            return {
                member.name.removeprefix("./"): (member, archive.extractfile(member).read() if member.isfile() else b"")
                for member in archive if member.name != "."
            }

    @staticmethod
    def text(part: dict[str, tuple[tarfile.TarInfo, bytes]], name: str) -> str:
        """A file of it; nothing, if it is not there."""
        return part[name][1].decode() if name in part else ""

    def regular(self) -> dict[str, bytes]:
        """All files without the directories."""
        return {name: content for name, (member, content) in self.files.items() if not member.isdir()}


def findings(path: pathlib.Path) -> list[str]:
    """All that is wrong with a package."""
    package = Package(path)
    return [problem for check in (_contents, _modes, _control, _texts, _sbom, _secrets, _size, _program, _hardening)
            for problem in check(package)]


def _contents(package: Package) -> Iterator[str]:
    yield from (f"{name} is missing" for name in sorted(MODES.keys() - package.regular()))
    yield from (f"{name} has no business on a device" for name in sorted(package.regular().keys() - MODES))
    parents = {str(parent) for name in MODES for parent in pathlib.PurePath(name).parents}
    directories = {name for name, (member, _) in package.files.items() if member.isdir()}
    yield from (f"the directory {name} is of no use" for name in sorted(directories - parents))


def _modes(package: Package) -> Iterator[str]:
    for name, (member, _) in package.files.items():
        wanted = 0o755 if member.isdir() else MODES.get(name, member.mode)
        if member.mode != wanted:
            yield f"{name} has the mode {member.mode:o}, not {wanted:o}"
        if (member.uid, member.gid) != (0, 0) or {member.uname, member.gname} - {"root", ""}:
            yield f"{name} is not root's"


def _control(package: Package) -> Iterator[str]:
    yield from (f"{name} is missing" for name in sorted(CONTROL - package.control.keys()))
    if package.text(package.control, "conffiles").split() != [f"/{CONFIGURATION}"]:
        yield "the configuration would be overwritten with each new version: it is no conffile"
    for field in ("Maintainer", "Description", "Section", "Depends"):
        if not package.fields.get(field):
            yield f"no {field}"


def _texts(package: Package) -> Iterator[str]:
    copyright_text = package.text(package.files, COPYRIGHT)
    yield from (f"{COPYRIGHT} does not say: {words}" for words in LICENCES if words not in copyright_text)
    if CHANGELOG in package.files:
        entry = gzip.decompress(package.files[CHANGELOG][1]).decode().splitlines()[0]
        version = package.fields["Version"]
        if not entry.startswith(f"connect-auth ({version}) "):
            yield f"{CHANGELOG} begins with another version than {version}"


def _sbom(package: Package) -> Iterator[str]:
    """SPDX 2.3, as far as whoever looks for a version with a known hole relies on it."""
    try:
        sbom = json.loads(package.text(package.files, SBOM))
    except json.JSONDecodeError:
        yield f"{SBOM} is no JSON"
        return
    parts = {part["name"]: part for part in sbom["packages"]}
    if sbom["spdxVersion"] != "SPDX-2.3" or parts["connect-auth"]["versionInfo"] != package.fields["Version"]:
        yield f"{SBOM} is of another version"
    for name, licence in LINKED.items():
        part = parts.get(name, {})
        version = part.get("versionInfo", "")
        if not re.fullmatch(r"\d+(\.\d+)*", version) or part["licenseConcluded"] != licence:
            yield f"{SBOM} does not tell version and licence of {name}"
        elif any(version not in reference["referenceLocator"] for reference in part["externalRefs"]):
            yield f"{SBOM} tells two versions of {name}"
    linked = {each["relatedSpdxElement"] for each in sbom["relationships"] if each["relationshipType"] == "STATIC_LINK"}
    if linked != {parts[name]["SPDXID"] for name in LINKED if name in parts}:
        yield f"{SBOM} does not say what is linked in"


def _secrets(package: Package) -> Iterator[str]:
    for name, content in package.regular().items():
        if SECRET.search(content):
            yield f"{name} holds a secret"
        if str(ROOT).encode() in content:
            yield f"{name} names the machine it was built on"


def _size(package: Package) -> Iterator[str]:
    octets = sum(map(len, package.regular().values()))
    most = MOST_OCTETS.get(package.fields["Architecture"], MOST_OCTETS_ELSEWHERE)
    if octets > most:
        yield f"{octets} octets are more than {most}"


def _readelf(program: bytes) -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(program)
        file.flush()
        return subprocess.run(["readelf", "--wide", "--file-header", "--program-headers", "--section-headers", "--dynamic",
                               "--dyn-syms", "--version-info", "--notes", file.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stdout


def libraries(program: bytes) -> set[str]:
    """What the program wants loaded."""
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", _readelf(program)))


def _program(package: Package) -> Iterator[str]:
    if PROGRAM not in package.files:
        return
    program = package.files[PROGRAM][1]
    elf = _readelf(program)
    width, order, machine = MACHINES[package.fields["Architecture"]]
    if not re.search(rf"Class: +{width}\n(.*\n)*? +Data: .*{order} endian\n(.*\n)*? +Machine: .*{machine}", elf):
        yield f"{PROGRAM} is for another machine than {package.fields['Architecture']}"
    if ".symtab" in elf or ".debug_" in elf:
        yield f"{PROGRAM} is not stripped"
    for library in sorted(libraries(program)):
        if not re.match(r"(libc|libm|ld)[.-]", library):
            yield f"{PROGRAM} wants {library}, which is no part of libc6"
    newest = max(tuple(map(int, version)) for version in re.findall(r"GLIBC_(\d+)\.(\d+)", elf))
    promised = re.search(r"libc6 \(>= (\d+)\.(\d+)\)", package.fields.get("Depends", ""))
    if not promised or newest > tuple(map(int, promised.groups())):
        yield f"{PROGRAM} wants a libc6 of {'.'.join(map(str, newest))}, and Depends does not say so"


# What toolchains/hardening.cmake sees to, and how readelf shows it.
HARDENING = {
    "is not position-independent": r"Type: +DYN",
    "has an executable stack": r"GNU_STACK .* RW +0x",
    "can be changed by whoever writes into its relocations": r"GNU_RELRO[\s\S]*BIND_NOW",
    "does not notice a stack that was written over": r"__stack_chk_fail",
    "does not check the bounds that its compiler knows": r"__\w+_chk@",
}


def _hardening(package: Package) -> Iterator[str]:
    elf = _readelf(package.files[PROGRAM][1]) if PROGRAM in package.files else ""
    yield from (f"{PROGRAM} {what}" for what, shown in HARDENING.items() if not re.search(shown, elf))
