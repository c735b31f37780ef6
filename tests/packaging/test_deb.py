# SPDX-License-Identifier: Apache-2.0
"""The Debian package: what is in it, and its life from installation to purge in a root file system that is
foreign to this machine, or like it. Each check is shown to find what it looks for.

CONNECT_AUTH_BUILD is the build directory, CONNECT_AUTH_CPACK makes the package there, CONNECT_AUTH_CC compiles for it;
CONNECT_AUTH_EMULATOR and
CONNECT_AUTH_SYSROOT say how programs of another machine are run, and where its libraries are.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "program")]

import package  # noqa: E402
from harness import CLIENT_SECRET, PASSWORD, ProgramTest  # noqa: E402
from root import Root  # noqa: E402

BUILD = pathlib.Path(os.environ["CONNECT_AUTH_BUILD"])
EMULATOR = os.environ.get("CONNECT_AUTH_EMULATOR", "")
SYSROOT = pathlib.Path(os.environ.get("CONNECT_AUTH_SYSROOT", "/"))
STORE = "var/lib/connect-auth"
LINK = "etc/systemd/system/multi-user.target.wants/connect-auth.service"
PATIENCE_SECONDS = 60


def setUpModule() -> None:
    """Makes the package."""
    made = PackageTest.made = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
    subprocess.run([os.environ["CONNECT_AUTH_CPACK"], "--config", BUILD / "CPackConfig.cmake", "-B", made],
                   cwd=made, stdout=subprocess.PIPE, check=True)


class PackageTest(unittest.TestCase):
    """The package, and packages that are like it but for one thing."""

    made: pathlib.Path

    def setUp(self) -> None:
        super().setUp()
        self.package = next(self.made.glob("*.deb"))
        self.fields = package.Package(self.package).fields

    def scratch(self) -> pathlib.Path:
        """Somewhere to work."""
        return pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def changed(self, change: Callable[[pathlib.Path], object]) -> pathlib.Path:
        """The package after somebody changed its files, as of a root directory."""
        tree, built = self.scratch() / "tree", self.scratch()
        subprocess.run(["dpkg-deb", "--raw-extract", self.package, tree], check=True)
        change(tree)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, built],
                       stdout=subprocess.PIPE, check=True)
        return next(built.iterdir())


def replace(name: str, old: str, new: str) -> Callable[[pathlib.Path], object]:
    """A change: other words in a file."""
    return lambda tree: (tree / name).write_text(re.sub(old, new, (tree / name).read_text()))


def put(name: str, content: str, mode: int = 0o644) -> Callable[[pathlib.Path], object]:
    """A change: one more file."""
    def change(tree: pathlib.Path) -> None:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content)
        (tree / name).chmod(mode)
    return change


class Contents(PackageTest):
    """What is in the package, without installing it."""

    # What somebody might do to a package, and what is found then.
    VIOLATIONS = {
        "header": (put("usr/include/connect_auth/agent/agent.h", ""), "agent/agent.h has no business on a device"),
        "library": (put("usr/lib/libconnect_auth_agent.a", ""), "libconnect_auth_agent.a has no business on a device"),
        "no manual": (lambda tree: (tree / "usr/share/man/man1/connect-auth.1.gz").unlink(),
                      "connect-auth.1.gz is missing"),
        "open configuration": (lambda tree: (tree / package.CONFIGURATION).chmod(0o644), "has the mode 644, not 600"),
        "no script": (lambda tree: (tree / "DEBIAN/postrm").unlink(), "postrm is missing"),
        "no conffile": (lambda tree: (tree / "DEBIAN/conffiles").unlink(), "it is no conffile"),
        "no licence": (replace(package.COPYRIGHT, "Permission is hereby granted", "Granted"),
                       "does not say: Permission is hereby granted"),
        "no bill of materials": (lambda tree: (tree / package.SBOM).unlink(), "connect-auth.spdx.json is no JSON"),
        "unknown part": (replace(package.SBOM, '"name": "cjson"', '"name": "json"'), "version and licence of cjson"),
        "two versions": (replace(package.SBOM, '"versionInfo": "3[0-9.]*"', '"versionInfo": "2.28"'),
                         "two versions of mbedtls"),
        "silent part": (replace(package.SBOM, ',\n[^\n]*"SPDXRef-gcc"}', ''), "does not say what is linked in"),
        "old changelog": (replace("DEBIAN/control", "Version: .*", "Version: 7.0"), "another version than 7.0"),
        "key": (replace(package.CONFIGURATION, "(?m)^#secret =.*$", "#-----BEGIN PRIVATE KEY-----\nMIIB"), "holds a secret"),
        "secret": (replace(package.CONFIGURATION, "(?m)^#secret =.*$", "secret = planted"), "holds a secret"),
        "machine": (put(package.SERVICE, str(package.ROOT)), "names the machine it was built on"),
        "large": (replace(package.COPYRIGHT, "$", "x" * 900_000), "octets are more than"),
        "not stripped": (lambda tree: shutil.copy(BUILD / "platform/linux/connect-auth", tree / package.PROGRAM),
                         "connect-auth is not stripped"),
        "old libc": (replace("DEBIAN/control", r"libc6 \(>= .*\)", "libc6 (>= 2.2)"), "Depends does not say so"),
        "other machine": (replace("DEBIAN/control", "Architecture: .*",
                                  f"Architecture: {'mips' if 'mips' not in EMULATOR else 'riscv64'}"),
                          "is for another machine than"),
    }

    def test_nothing_is_wrong(self) -> None:
        self.assertEqual(package.findings(self.package), [])

    def test_one_package_with_debians_name(self) -> None:
        name = f"connect-auth_{self.fields['Version']}_{self.fields['Architecture']}.deb"
        self.assertEqual([path.name for path in self.made.glob("*.deb")], [name])

    def test_each_violation_is_found(self) -> None:
        for name, (change, words) in self.VIOLATIONS.items():
            with self.subTest(name):
                found = package.findings(self.changed(change))
                self.assertTrue(any(words in problem for problem in found), found)

    def test_a_program_that_is_not_hardened_is_found(self) -> None:
        def soften(tree: pathlib.Path) -> None:
            subprocess.run([os.environ["CONNECT_AUTH_CC"], "-xc", "-", "-o", tree / package.PROGRAM, "-s", "-no-pie",
                            "-fno-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-Wl,-z,execstack,-z,norelro,-z,lazy"],
                           input=b"int main(void) { return 0; }", check=True)
        found = package.findings(self.changed(soften))
        self.assertEqual(found, [f"{package.PROGRAM} {what}" for what in package.HARDENING])

    def test_foreign_owner_is_found(self) -> None:
        tree, made = self.scratch() / "tree", self.scratch() / "made.deb"
        subprocess.run(["dpkg-deb", "--raw-extract", self.package, tree], check=True)
        if os.geteuid() != 0:
            self.skipTest("only root can give files away")
        os.chown(tree / package.PROGRAM, 1000, 1000)
        subprocess.run(["dpkg-deb", "-Znone", "--build", tree, made], stdout=subprocess.PIPE, check=True)
        self.assertEqual(package.findings(made), [f"{package.PROGRAM} is not root's"])


class Life(PackageTest, ProgramTest):
    """Installed into a root of its own architecture, used there, removed and purged."""

    def setUp(self) -> None:
        super().setUp()
        self.root = Root(self.scratch() / "root", self.fields["Architecture"])
        if EMULATOR:
            program = package.Package(self.package).files[package.PROGRAM][1]
            for library in package.libraries(program) | {path.name for path in (SYSROOT / "lib").glob("ld*.so.*")}:
                self.root.take_library(SYSROOT / "lib" / library)

    def configure(self) -> None:
        """What an administrator does: adapts the configuration, and puts the secrets where it says."""
        file = self.root / package.CONFIGURATION
        text = file.read_text()
        for key, value in {"url": self.server.url, "ca_file": self.server.chain.ca_file, "id": self.server.client_id,
                           "username": self.server.username, "path": self.root / STORE,
                           "secret_file": self.root / "etc/connect-auth/client-secret",
                           "password_file": self.root / "etc/connect-auth/password"}.items():
            text, count = re.subn(rf"(?m)^#?{key} = .*$", f"{key} = {value}", text, count=1)
            self.assertEqual(count, 1, key)
        file.write_text(text)
        for name, secret in (("client-secret", CLIENT_SECRET), ("password", PASSWORD)):
            (self.root / "etc/connect-auth" / name).write_text(secret)

    def run_installed(self, *arguments: str) -> str:
        """Runs the program that was installed, with the loader and the libraries of the root."""
        emulator = [EMULATOR, "-L", self.root.directory] if EMULATOR else []
        done = subprocess.run(
            [*emulator, self.root / package.PROGRAM, "--config", self.root / package.CONFIGURATION, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE_SECONDS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def leftovers(self, made: pathlib.Path) -> set[str]:
        """What a purge leaves of a package, after it was used and its service enabled."""
        before = self.root.tree()
        self.root.dpkg("--install", made)
        for name in (f"{STORE}/token", "etc/connect-auth/password", "etc/connect-auth/proxy-password", LINK):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text("used")
        self.root.dpkg("--remove", "connect-auth")
        self.assertTrue((self.root / STORE / "token").exists(), "gone before anybody said purge")
        self.root.dpkg("--purge", "connect-auth")
        return self.root.tree() - before - {"etc/systemd/system/multi-user.target.wants"}

    def test_from_installation_to_purge(self) -> None:
        before = self.root.tree()
        self.root.dpkg("--install", self.package)
        self.assertLessEqual(package.MODES.keys(), self.root.tree())
        self.configure()
        configured = (self.root / package.CONFIGURATION).read_text()

        token = self.run_installed("token").strip()
        self.assertEqual(self.server.tokens_issued, [token])
        self.assertRegex(self.run_installed("status"), "token stored +yes")

        self.root.dpkg("--install", self.package)
        self.assertEqual((self.root / package.CONFIGURATION).read_text(), configured)
        self.assertEqual(self.run_installed("token").strip(), token)
        self.assertEqual(self.server.token_requests, 1)

        self.root.dpkg("--remove", "connect-auth")
        self.assertFalse((self.root / package.PROGRAM).exists())
        self.assertEqual((self.root / package.CONFIGURATION).read_text(), configured)
        self.assertTrue(any((self.root / STORE).iterdir()))

        self.root.dpkg("--purge", "connect-auth")
        self.assertEqual(self.root.tree(), before)

    def test_purge_takes_what_was_made_in_use(self) -> None:
        self.assertEqual(self.leftovers(self.package), set())

    def test_token_and_secret_that_are_left_behind_are_found(self) -> None:
        found = self.leftovers(self.changed(replace("DEBIAN/postrm", r"(?s)\nset -e.*", "\n")))
        self.assertEqual(found, {STORE, f"{STORE}/token", "etc/connect-auth", "etc/connect-auth/password",
                                 "etc/connect-auth/proxy-password"})

    def test_link_that_is_left_behind_is_found(self) -> None:
        found = self.leftovers(self.changed(replace("DEBIAN/prerm", r"(?s)\nset -e.*", "\n")))
        self.assertEqual(found, {LINK})

    def test_package_of_a_later_libc_is_not_installed(self) -> None:
        later = self.changed(replace("DEBIAN/control", r"libc6 \(>= .*\)", "libc6 (>= 9.0)"))
        with self.assertRaisesRegex(AssertionError, "depends on libc6"):
            self.root.dpkg("--install", later)


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
class Units(PackageTest):
    """What systemd says of the units, as they are installed."""

    MOST_EXPOSED = "17"  # Tenths of what `systemd-analyze security` calls the exposure level.

    def installed(self, change: Callable[[pathlib.Path], object] = lambda tree: None) -> pathlib.Path:
        """A root with the package unpacked, and the other units that these name."""
        root = self.scratch()
        subprocess.run(["dpkg-deb", "--extract", self.package, root], check=True)
        for unit in ("sysinit", "shutdown", "basic", "network-online", "time-sync", "multi-user", "sockets"):
            put(f"usr/lib/systemd/system/{unit}.target", "[Unit]\nDescription=of the system\n")(root)
        put("bin/kill", "", 0o755)(root)
        change(root)
        return root

    def verify(self, root: pathlib.Path) -> str:
        """Its complaints."""
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", f"--root={root}", "connect-auth.socket",
             "connect-auth.service"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout if done.returncode == 0 else f"{done.returncode}: {done.stdout}"

    def exposure(self, root: pathlib.Path) -> int:
        """0, if the service is as well shut off as it should be."""
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", f"--threshold={self.MOST_EXPOSED}",
             root / package.SERVICE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(*(line for line in done.stdout.splitlines() if "exposure level" in line))
        return done.returncode

    def test_units_are_accepted(self) -> None:
        self.assertEqual(self.verify(self.installed()), "")

    def test_wrong_unit_is_found(self) -> None:
        for old, new in (("Type=notify", "Type=notifies"), ("CapabilityBoundingSet", "CapabilitySet"),
                         ("/usr/bin/connect-auth", "/usr/bin/connect-auht")):
            self.assertNotEqual(self.verify(self.installed(replace(package.SERVICE, old, new))), "", new)

    def test_service_is_shut_off(self) -> None:
        self.assertEqual(self.exposure(self.installed()), 0)

    def test_open_service_is_found(self) -> None:
        self.assertNotEqual(self.exposure(self.installed(replace(package.SERVICE, "ProtectSystem=strict", ""))), 0)


if __name__ == "__main__":
    unittest.main()
