# SPDX-License-Identifier: Apache-2.0
"""The packages for OpenWrt, Buildroot and Yocto, without any of these: small stand-ins read them and run their recipes,
and the configuration that OpenWrt's init script makes is read by the program. Nothing is built.

CONNECT_AUTH_PROGRAM is the program, CONNECT_AUTH_BUILD the directory in which it was built.
"""

import atexit
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def without_blanks(folder: pathlib.Path) -> pathlib.Path:
    """Another path to a folder: make cannot have blanks in it."""
    link = pathlib.Path(tempfile.mkdtemp()) / folder.name.replace(" ", "-")
    link.symlink_to(folder)
    atexit.register(shutil.rmtree, link.parent)
    return link


ROOT = without_blanks(HERE.parents[1])
PACKAGING = ROOT / "platform/linux/packaging"
OPENWRT = PACKAGING / "openwrt/connect-auth"
BUILDROOT = PACKAGING / "buildroot"
LAYER = PACKAGING / "yocto/meta-connect-auth"
STUBS = ROOT / "tests/packaging/stubs"
sys.path[:0] = [str(HERE)]

from recipe import Recipe  # noqa: E402

BUILD = without_blanks(pathlib.Path(os.environ["CONNECT_AUTH_BUILD"]))
VERSION = re.search(r"project\(connect_auth VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
# Of each dependency: version and hash.
LOCK = {name: (version, digest) for name, version, digest in
        (line.split() for line in (ROOT / "toolchains/dependencies.lock").read_text().splitlines()[1:])
        if name in ("mbedtls", "cjson", "inih")}
HASHES = {digest for _, digest in LOCK.values()}
PATIENCE_SECONDS = 60


def run(*command: object, **environment: object) -> subprocess.CompletedProcess[str]:
    """Without looking at how it ended."""
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=PATIENCE_SECONDS,
                          env={"PATH": os.defpath} | {name: str(value) for name, value in environment.items()})


class BuildSystemTest(unittest.TestCase):
    """Somewhere to work."""

    def setUp(self) -> None:
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def copy(self, tree: pathlib.Path, file: str = "", old: str = "", new: str = "") -> pathlib.Path:
        """Another tree, changed in one place."""
        copy = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / tree.name
        shutil.copytree(tree, copy)
        if file:
            text = (copy / file).read_text()
            self.assertIn(old, text)
            (copy / file).write_text(text.replace(old, new))
        return copy

    def done(self, *command: object, **environment: object) -> str:
        """The output of a command that must work."""
        ended = run(*command, **environment)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended.stdout

    def make_downloads(self, names: list[str]) -> pathlib.Path:
        """Tarballs as they are downloaded: one folder that holds everything."""
        downloads = self.scratch / "downloads"
        downloads.mkdir()
        (self.scratch / "LICENSE").write_text("licence")
        for name in names:
            with tarfile.open(downloads / name, "w") as archive:
                archive.add(self.scratch / "LICENSE", "folder-of-a-release/LICENSE")
        return downloads

    def assert_unpacked(self, source: pathlib.Path) -> None:
        """Each dependency lies where CMake looks for it, without the folder of its release."""
        names = [path.relative_to(source / ".deps").as_posix() for path in (source / ".deps").rglob("*")
                 if path.is_file()]
        self.assertEqual(sorted(names), ["cjson/LICENSE", "inih/LICENSE", "mbedtls/LICENSE"])


def modes(root: pathlib.Path) -> dict[str, int]:
    """The files in a root that something was installed into."""
    return {path.relative_to(root).as_posix(): path.stat().st_mode & 0o777 for path in root.rglob("*")
            if path.is_file() and not path.is_symlink()}


def pins(text: str) -> set[str]:
    """All hashes that a file has."""
    return set(re.findall(r"\b[0-9a-f]{64}\b", text))


class Versions(BuildSystemTest):
    """All three are of the project's version, and have the sources that the lock file names."""

    FILES = {
        "Makefile": (OPENWRT / "Makefile", "PKG_VERSION:={}\n"),
        "connect-auth.mk": (BUILDROOT / "package/connect-auth/connect-auth.mk", "CONNECT_AUTH_VERSION = {}\n"),
        "connect-auth.hash": (BUILDROOT / "package/connect-auth/connect-auth.hash", "connect-auth-{}.tar.gz"),
    }
    RECIPE = LAYER / f"recipes-connectivity/connect-auth/connect-auth_{VERSION}.bb"

    def test_version(self) -> None:
        for file, words in self.FILES.values():
            self.assertIn(words.format(VERSION), file.read_text(), file)
        self.assertTrue(self.RECIPE.exists())

    def test_hashes_and_names(self) -> None:
        for file in (OPENWRT / "Makefile", self.RECIPE, BUILDROOT / "package/connect-auth/connect-auth.hash"):
            self.assertEqual(pins(file.read_text()), HASHES, file)
        for file in (OPENWRT / "Makefile", self.RECIPE, BUILDROOT / "package/connect-auth/connect-auth.mk"):
            for part in (f"mbedtls-{LOCK['mbedtls'][0]}.tar.bz2", f"v{LOCK['cjson'][0]}.tar.gz",
                         f"r{LOCK['inih'][0]}.tar.gz"):
                self.assertIn(part, file.read_text(), file)

    def test_other_hash_is_found(self) -> None:
        text = (OPENWRT / "Makefile").read_text()
        self.assertNotEqual(pins(text.replace(LOCK["cjson"][1], "0" * 64)), HASHES)


class OpenWrt(BuildSystemTest):
    """The Makefile, and the package that comes of it."""

    def make(self, target: str, package: pathlib.Path = OPENWRT, **variables: object) -> list[str]:
        """`make`, with this test's stand-ins for OpenWrt's own files."""
        given = {"TOPDIR": STUBS / "openwrt", "DL_DIR": self.scratch / "downloads", "BUILD_DIR": self.scratch}
        given |= variables
        return ["make", "--no-print-directory", "-C", package, target, *(f"{k}={v}" for k, v in given.items())]

    def tarballs(self) -> list[str]:
        """What is downloaded, under the names in dl/."""
        return re.findall(r"(?m)^  FILE:=(\S+)$", (OPENWRT / "Makefile").read_text())

    def test_fields(self) -> None:
        said = self.done(*self.make("--dry-run"))
        self.assertIn(f"package connect-auth {VERSION} +ca-bundle\n", said)
        self.assertIn(" -DCMAKE_CXX_STANDARD_LIBRARIES=-largp\n", said)
        self.assertEqual(len(re.findall("(?m)^download ", said)), 3)
        for digest in HASHES:
            self.assertIn(digest, said)

    def test_glibc_has_argp(self) -> None:
        self.assertNotIn("-largp", self.done(*self.make("--dry-run", CONFIG_USE_GLIBC="y")))

    def test_missing_field_is_found(self) -> None:
        for old in ("  TITLE:=", "PKG_LICENSE:=", "  HASH:=", "/conffiles"):
            changed = self.copy(OPENWRT, "Makefile", old, old.replace(old.strip(":= /"), "OTHER"))
            self.assertIn("missing", run(*self.make("--dry-run", changed)).stderr, old)

    def test_dependencies_are_unpacked(self) -> None:
        self.make_downloads(self.tarballs())
        self.done(*self.make("prepare"))
        self.assert_unpacked(self.scratch / f"connect-auth-{VERSION}")

    def test_dependencies_of_a_checkout_stay(self) -> None:
        self.make_downloads([name for name in self.tarballs() if not name.startswith("mbedtls-")])
        own = self.scratch / f"connect-auth-{VERSION}/.deps/mbedtls/LICENSE"
        own.parent.mkdir(parents=True)
        own.write_text("of the checkout")
        self.done(*self.make("prepare"))
        self.assertEqual(own.read_text(), "of the checkout")

    def test_missing_download_ends_it(self) -> None:
        self.make_downloads(self.tarballs()[:-1])
        self.assertNotEqual(run(*self.make("prepare")).returncode, 0)

    def test_installed_files(self) -> None:
        program = self.scratch / f"connect-auth-{VERSION}/ipkg-install/usr/bin/connect-auth"
        program.parent.mkdir(parents=True)
        program.touch()
        root = self.scratch / "root"
        self.done(*self.make("install", DESTDIR=root))
        self.assertEqual(modes(root), {"usr/bin/connect-auth": 0o755, "etc/init.d/connect-auth": 0o755,
                                       "etc/config/connect-auth": 0o600})
        self.assertEqual(os.readlink(root / "etc/connect-auth/connect-auth.conf"), "/var/etc/connect-auth.conf")


class InitScript(BuildSystemTest):
    """OpenWrt's init script, with stand-ins for UCI and procd."""

    SCRIPT = OPENWRT / "files/connect-auth.init"
    SAMPLE = (OPENWRT / "files/connect-auth.config").read_text()

    def start(self, uci: str) -> str:
        """Starts the service with a configuration. Returns what procd and the log were told."""
        (self.scratch / "uci").write_text(uci)
        self.made = self.scratch / "etc/connect-auth.conf"
        ended = run("sh", "-ec", f'. {STUBS}/openwrt/functions.sh; reset_cb; . {self.SCRIPT}; '
                    f'CONFIGURATION={self.made}; start_service', UCI_FILE=self.scratch / "uci")
        self.assertEqual((ended.returncode, ended.stdout), (0, ""), ended.stderr)
        return ended.stderr

    def status(self) -> subprocess.CompletedProcess[str]:
        """What the program says of the configuration that was made."""
        return run(os.environ["CONNECT_AUTH_PROGRAM"], "--config", self.made, "status", HOME=self.scratch)

    def test_sample_is_accepted_by_the_program(self) -> None:
        self.assertEqual(self.start(self.SAMPLE), "")
        status = self.status()
        self.assertEqual((status.returncode, status.stderr), (0, ""))
        for words in ("server +https://connect.example.com\n", "client id +0123456789abcdef0123456789abcdef\n",
                      "username +Administrator\n", "store +/etc/connect-auth/store\n"):
            self.assertRegex(status.stdout, words)
        self.assertEqual(self.made.stat().st_mode & 0o777, 0o600)

    def test_values_are_taken_as_they_are(self) -> None:
        self.start(self.SAMPLE.replace("Administrator", "An Admin; # $HOME \\ \"x\" %s"))
        self.assertIn('\nusername = An Admin; # $HOME \\ "x" %s\n', self.made.read_text())

    def test_unknown_option_is_told_by_the_program(self) -> None:
        self.start(self.SAMPLE + "\toption pth '/elsewhere'\n")
        self.assertIn("unknown key 'pth' in [store]", self.status().stderr)

    def test_secrets_are_ignored_aloud(self) -> None:
        told = self.start(self.SAMPLE.replace("\toption secret_file '/etc/connect-auth/client-secret'\n",
                                              "\toption secret 'planted'\n")
                          .replace("\toption password_file", "\toption password 'planted'\n\toption password_file"))
        self.assertIn("client.secret is ignored: secrets belong into files, see secret_file", told)
        self.assertIn("grant.password is ignored", told)
        told += self.start(f"{self.SAMPLE}\nconfig server 'server'\n\toption proxy_password 'planted'\n")
        self.assertIn("server.proxy_password is ignored", told)
        self.assertNotIn("planted", told + self.made.read_text())

    def test_nothing_runs_unless_enabled(self) -> None:
        self.assertNotIn("instance", self.start(self.SAMPLE))

    def test_enabled_service_is_run(self) -> None:
        told = self.start(self.SAMPLE.replace("enabled '0'", "enabled '1'"))
        self.assertEqual(told.splitlines(), [
            "instance",
            f"procd: command /usr/bin/connect-auth --config {self.made} daemon",
            "procd: respawn 3600 5 0", "procd: reload_signal HUP", "procd: stderr 1"])


class Scripts(BuildSystemTest):
    """All scripts of the shell: those of a device are read by dash or ash."""

    SCRIPTS = (InitScript.SCRIPT, PACKAGING / "debian/postinst", PACKAGING / "debian/prerm", PACKAGING / "debian/postrm")

    def test_syntax(self) -> None:
        for script in self.SCRIPTS:
            self.done("sh", "-n", script)

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck")
    def test_shellcheck(self) -> None:
        # Of functions and variables that rc.common calls and reads, it cannot know.
        self.done("shellcheck", "--shell=dash", "--exclude=SC2034,SC2317,SC2154", *self.SCRIPTS)

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck")
    def test_unquoted_word_is_found(self) -> None:
        (self.scratch / "script").write_text("#!/bin/sh\nrm -rf $1\n")
        self.assertNotEqual(run("shellcheck", "--shell=dash", self.scratch / "script").returncode, 0)


class Buildroot(BuildSystemTest):
    """The external tree."""

    def config(self, tree: pathlib.Path, **values: str) -> "kconfiglib.Kconfig":
        """Buildroot's configuration, with these values set."""
        import kconfiglib  # Debian's python3-kconfiglib

        os.environ |= {"BR2_EXTERNAL_CONNECT_AUTH_PATH": str(tree), "KCONFIG_WARN_UNDEF": "y"}
        config = kconfiglib.Kconfig(str(STUBS / "buildroot/Config.in"), warn_to_stderr=False)
        for name, value in values.items():
            config.syms[name].set_value(value)
        self.assertEqual(config.warnings, [])
        return config

    def make(self, target: str, **variables: object) -> list[str]:
        """`make`, with this test's stand-in for Buildroot's own files."""
        given = {"BR2_EXTERNAL_CONNECT_AUTH_PATH": BUILDROOT, "SOURCE": self.scratch / "source", "BUILD": BUILD,
                 "BR2_PACKAGE_CONNECT_AUTH_SITE": '"file:///releases"', "DOWNLOADS": self.scratch / "downloads",
                 "TARGET_DIR": self.scratch / "root"} | variables
        return ["make", "--no-print-directory", "-f", STUBS / "buildroot/Makefile", self.scratch / "source" / target,
                *(f"{k}={v}" for k, v in given.items())]

    def test_package_needs_a_compiler_of_cxx20(self) -> None:
        config = self.config(BUILDROOT, BR2_INSTALL_LIBSTDCPP="y", BR2_PACKAGE_CONNECT_AUTH="y")
        self.assertEqual(config.syms["BR2_PACKAGE_CONNECT_AUTH"].str_value, "n")
        config.syms["BR2_TOOLCHAIN_GCC_AT_LEAST_10"].set_value("y")
        self.assertEqual(config.syms["BR2_PACKAGE_CONNECT_AUTH"].str_value, "y")
        self.assertEqual(config.syms["BR2_PACKAGE_CA_CERTIFICATES"].str_value, "y")
        self.assertEqual(config.syms["BR2_PACKAGE_ARGP_STANDALONE"].str_value, "n")

    def test_musl_brings_argp(self) -> None:
        config = self.config(BUILDROOT, BR2_INSTALL_LIBSTDCPP="y", BR2_TOOLCHAIN_GCC_AT_LEAST_10="y",
                             BR2_TOOLCHAIN_USES_MUSL="y", BR2_PACKAGE_CONNECT_AUTH="y")
        self.assertEqual(config.syms["BR2_PACKAGE_ARGP_STANDALONE"].str_value, "y")
        self.assertIn("-largp", self.done(*self.make("install", BR2_PACKAGE_ARGP_STANDALONE="y"), "--dry-run"))
        self.assertNotIn("-largp", self.done(*self.make("install"), "--dry-run"))

    def test_unknown_symbol_is_found(self) -> None:
        tree = self.copy(BUILDROOT, "package/connect-auth/Config.in", "select BR2_PACKAGE_CA_CERTIFICATES",
                         "select BR2_PACKAGE_CERTIFICATES")
        with self.assertRaises(AssertionError):
            self.config(tree)

    def test_tree_has_a_name(self) -> None:
        self.assertRegex((BUILDROOT / "external.desc").read_text(), "(?m)^name: CONNECT_AUTH$")

    def test_dependencies_are_unpacked(self) -> None:
        hashes = (BUILDROOT / "package/connect-auth/connect-auth.hash").read_text()
        names = re.findall(r"(?m)^sha256  [0-9a-f]{64}  (\S+)$", hashes)
        self.make_downloads(names)
        said = self.done(*self.make("extract"))
        self.assert_unpacked(self.scratch / "source")
        for name in names:
            self.assertRegex(said, f"(?m)^downloads .*/{re.escape(name)}( |$)")

    def test_installed_files(self) -> None:
        shutil.copytree(ROOT / "platform/linux", self.scratch / "source/platform/linux")
        self.done(*self.make("install"))
        self.assertEqual(
            modes(self.scratch / "root"),
            {"usr/bin/connect-auth": 0o755, "etc/connect-auth/connect-auth.conf": 0o600,
             "usr/lib/systemd/system/connect-auth.service": 0o644,
             "usr/lib/systemd/system/connect-auth.socket": 0o644})


class Yocto(BuildSystemTest):
    """The layer and its recipe."""

    def setUp(self) -> None:
        super().setUp()
        self.text = Versions.RECIPE.read_text()
        self.recipe = Recipe(self.text)

    def problems(self, text: str) -> list[str]:
        """What is wrong with a recipe."""
        recipe = Recipe(text)
        found = [f"no {name}" for name in ("SUMMARY", "LICENSE", "LIC_FILES_CHKSUM", "SRC_URI", "CONFFILES:${PN}")
                 if name not in recipe.variables]
        licence = re.fullmatch(r"file://(\w+);md5=([0-9a-f]{32})", recipe.variables.get("LIC_FILES_CHKSUM", ""))
        if not licence or hashlib.md5((ROOT / licence[1]).read_bytes()).hexdigest() != licence[2]:
            found.append("another licence")
        for source in recipe.variables.get("SRC_URI", "").split():
            name = re.search(";name=([^;]+)", source)
            if source.startswith("http") and (not name or f"SRC_URI[{name[1]}.sha256sum]" not in recipe.variables):
                found.append(f"no hash of {source.partition(';')[0]}")
        return found

    def test_nothing_is_wrong(self) -> None:
        self.assertEqual(self.problems(self.text), [])
        self.assertEqual(self.recipe.classes, ["cmake", "systemd", "useradd"])
        self.assertEqual(self.recipe.variables["SYSTEMD_AUTO_ENABLE"], "disable")

    def test_violations_are_found(self) -> None:
        for old, new, problem in (("SRC_URI[inih.sha256sum]", "SRC_URI[ini.sha256sum]", "no hash of https"),
                                  ("LICENSE;md5=", "README.md;md5=", "another licence"),
                                  ("SUMMARY =", "SUMARY =", "no SUMMARY")):
            found = self.problems(self.text.replace(old, new))
            self.assertTrue(any(problem in each for each in found), found)
        for line in ("SUMMARY = unquoted", "inherits cmake", "do_install {", 'python do_x() {'):
            with self.assertRaises(ValueError):
                Recipe(f"{self.text}\n{line}\n")

    def test_dependencies_lie_where_cmake_looks(self) -> None:
        places = re.findall(r";subdir=(\S+?);striplevel=1", self.recipe.expanded("SRC_URI", BP="source"))
        self.assertEqual(places, [f"source/.deps/{name}" for name in ("mbedtls", "cjson", "inih")])

    def test_installed_files(self) -> None:
        folders = {"bindir": "/usr/bin", "sysconfdir": "/etc", "mandir": "/usr/share/man",
                   "systemd_system_unitdir": "/lib/systemd/system", "nonarch_libdir": "/usr/lib"}
        root = self.scratch / "root"
        self.done("sh", "-euc", self.recipe.functions["do_install"], S=ROOT, B=BUILD, D=root, **folders)
        self.assertEqual(
            modes(root),
            {"usr/bin/connect-auth": 0o755, "etc/connect-auth/connect-auth.conf": 0o600,
             "usr/share/man/man1/connect-auth.1": 0o644, "usr/share/man/man5/connect-auth.conf.5": 0o644,
             "lib/systemd/system/connect-auth.service": 0o644,
             "lib/systemd/system/connect-auth.socket": 0o644,
             "usr/lib/tmpfiles.d/connect-auth.conf": 0o644})

    def test_layer(self) -> None:
        layer = Recipe((LAYER / "conf/layer.conf").read_text()).variables
        self.assertEqual(layer["BBFILE_COLLECTIONS"].strip(), "connect-auth")
        for name in ("BBFILE_PATTERN", "BBFILE_PRIORITY", "LAYERSERIES_COMPAT"):
            self.assertTrue(layer[f"{name}_connect-auth"])
        pattern = layer["BBFILES"].strip().removeprefix("${LAYERDIR}/")
        self.assertEqual(list(LAYER.glob(pattern)), [Versions.RECIPE])


if __name__ == "__main__":
    unittest.main()
