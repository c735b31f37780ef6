#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs applications against connect-auth in every way that it promises.

CONNECT_AUTH_BUILD names the build directory that is installed; it has been built already.
"""

import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/server"))

import certificates  # noqa: E402
from oauth_server import OAuthServer  # noqa: E402

PATIENCE_SECONDS = 600
SAYS = "no token: no connection; log level "


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a command without looking at how it ended."""
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=PATIENCE_SECONDS, **options,
    )


def output(*command: object, **options: object) -> str:
    """What a command prints; one that fails ends the test with its words."""
    done = run(*command, **options)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))}: {done.returncode}\n{done.stdout}")
    return done.stdout


def configure(source: pathlib.Path, build: pathlib.Path, **variables: object) -> None:
    """Configures without a default build type, so that nothing hides behind optimisation."""
    output("cmake", "-S", source, "-B", build, *(f"-D{k}={v}" for k, v in variables.items()))


def build(directory: pathlib.Path) -> None:
    """Builds on all cores."""
    output("cmake", "--build", directory, "--parallel", os.cpu_count() or 1)


@functools.cache
def tested_build() -> pathlib.Path:
    """The build directory under test; a missing one is an error and never a skipped test."""
    path = pathlib.Path(os.environ.get("CONNECT_AUTH_BUILD", "nothing")).resolve()
    if not (path / "CMakeCache.txt").is_file():
        raise RuntimeError("set CONNECT_AUTH_BUILD to the directory of a finished build")
    return path


def cached(name: str) -> str:
    """A variable of the build under test."""
    text = (tested_build() / "CMakeCache.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:[A-Z]+=(.*)$", text, re.MULTILINE)
    if not found:
        raise AssertionError(f"{name} is not in the cache of {tested_build()}")
    return found[1]


class ConsumerTest(unittest.TestCase):
    """Somewhere to build."""

    def setUp(self) -> None:
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def assert_works(self, program: pathlib.Path) -> None:
        """The application says what it should."""
        self.assertTrue(output(program).startswith(SAYS))

    def assert_fetches_a_token(self, program: pathlib.Path) -> None:
        """Over TLS; and it says why not with a wrong password."""
        chain = certificates.make_chain(tested_build() / "test-certificates", "rsa")
        with OAuthServer(chain) as server:
            server.client_id = "Application1"
            for password, outcome in ((server.password, (0, "a token of 891 characters\n")), ("wrong", (1, "reason "))):
                environment = os.environ | {"CLIENT_SECRET": server.client_secret, "PASSWORD": password}
                done = run(program, server.url, chain.ca_file, env=environment)
                self.assertEqual(done.returncode, outcome[0], done.stdout)
                self.assertTrue(done.stdout.startswith(outcome[1]), done.stdout)


    def assert_is_careful(self, program: pathlib.Path) -> None:
        """Certificates that are over, and cipher suites that are not ours, are for nobody."""
        for kind, suites in (("expired", "DEFAULT"), ("not_yet_valid", "DEFAULT"), ("wrong_host", "DEFAULT"),
                             ("rsa", "AES128-GCM-SHA256"), ("rsa", "ECDHE-RSA-AES128-SHA"),
                             ("rsa", "ECDHE-RSA-AES128-SHA256"), ("rsa", "DHE-RSA-AES128-GCM-SHA256")):
            chain = certificates.make_chain(tested_build() / "test-certificates", kind)
            with self.subTest(kind=kind, suites=suites), OAuthServer(chain) as server:
                server.offer_only(suites)
                environment = os.environ | {"CLIENT_SECRET": server.client_secret, "PASSWORD": server.password}
                done = run(program, server.url, chain.ca_file, env=environment)
                self.assertEqual((done.returncode, done.stdout[:7]), (1, "reason "))
                self.assertEqual([bytes(one.plaintext) for one in server.connections if one.plaintext], [])


class InstalledTest(ConsumerTest):
    """What `cmake --install` leaves behind, after it was moved elsewhere."""

    @classmethod
    def setUpClass(cls) -> None:
        scratch = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        output("cmake", "--install", tested_build(), "--prefix", scratch / "first")
        cls.prefix = scratch / "moved elsewhere"
        (scratch / "first").rename(cls.prefix)
        cls.scratch_name = str(scratch)

    def pkg_config(self, *options: str) -> list[str]:
        """What pkg-config says, as the arguments that a shell would make of it."""
        environment = os.environ | {"PKG_CONFIG_PATH": str(self.prefix / "lib/pkgconfig")}
        return shlex.split(output("pkg-config", *options, "connect_auth", env=environment))


class Installed(InstalledTest):
    """Headers, libraries, and how they are found."""

    def test_everything_is_in_its_place(self) -> None:
        for name in (
            "include/connect_auth/agent/agent.h",
            "include/connect_auth/agent/c_api.h",
            "include/connect_auth/port/network.h",
            "include/connect_auth/platform/none/network.h",
            "include/connect_auth/platform/posix/socket_connection.h",
            "lib/libconnect_auth_agent.a",
            "lib/libconnect_auth_mbedtls.a",
            "lib/libconnect_auth_platform_none.a",
            "lib/libconnect_auth_platform_posix.a",
            "lib/cmake/connect_auth/connect_authConfig.cmake",
            "lib/cmake/connect_auth/connect_authConfigVersion.cmake",
            "lib/pkgconfig/connect_auth.pc",
            "share/doc/connect_auth/LICENSE",
            "share/doc/connect_auth/LICENSE.cjson",
            "share/doc/connect_auth/LICENSE.mbedtls",
        ):
            self.assertTrue((self.prefix / name).is_file(), name)

    def test_only_the_agents_own_is_installed(self) -> None:
        libraries = {path.name for path in self.prefix.rglob("*.a")}
        self.assertEqual(
            libraries,
            {f"libconnect_auth_{name}.a"
             for name in ("agent", "client", "mbedtls", "platform_none", "platform_posix")},
        )
        parts = {path.name for path in (self.prefix / "include/connect_auth").iterdir()}
        self.assertEqual(parts, {"agent", "connect_auth_client.h", "platform", "port"})
        self.assertEqual([path.name for path in (self.prefix / "include").iterdir()],
                         ["connect_auth"])
        self.assertFalse(list(self.prefix.rglob("mbedtls_config.h")))

    def test_no_file_knows_where_it_was_made(self) -> None:
        places = (str(ROOT), str(tested_build()), self.scratch_name)
        for path in self.prefix.rglob("*"):
            if path.suffix in (".cmake", ".pc", ".h"):
                text = path.read_text(encoding="utf-8")
                for place in places:
                    self.assertNotIn(place, text, path)

    def test_every_header_stands_alone(self) -> None:
        flags = self.pkg_config("--cflags")
        include = self.prefix / "include/connect_auth"
        for header in sorted(include.rglob("*.h")):
            source = self.scratch / "one.cc"
            source.write_text(f'#include "{header.relative_to(include)}"\n')
            output("g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags,
                   source)

    def test_find_package(self) -> None:
        configure(HERE / "find_package", self.scratch, CMAKE_PREFIX_PATH=self.prefix)
        build(self.scratch)
        self.assert_works(self.scratch / "consumer")
        output(self.scratch / "bare")

    def test_find_package_refuses_a_version_that_may_break(self) -> None:
        source = self.scratch / "source"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.22)\nproject(consumer LANGUAGES CXX)\n"
            "find_package(connect_auth 0.0 CONFIG REQUIRED)\n"
        )
        done = run("cmake", "-S", source, "-B", self.scratch / "build",
                   f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("connect_authConfig.cmake, version:", done.stdout)

    def test_pkg_config_with_every_linker(self) -> None:
        flags = self.pkg_config("--cflags")
        libraries = self.pkg_config("--libs")
        level = cached("CONNECT_AUTH_LOG_LEVEL")
        linkers = [name for name in ("bfd", "gold", "lld") if shutil.which(f"ld.{name}")]
        self.assertIn("bfd", linkers)
        for linker in linkers:
            for section in ("-Wl,--no-gc-sections", "-Wl,--gc-sections"):
                program = self.scratch / f"with-{linker}"
                output("g++", "-std=c++20", f"-fuse-ld={linker}", section, *flags,
                       HERE / "main.cc", *libraries, "-o", program)
                self.assertEqual(output(program), f"{SAYS}{level}\n", linker)

    def test_pkg_config_gives_the_order(self) -> None:
        libraries = [part for part in self.pkg_config("--libs") if not part.startswith("-L")]
        order = ["-lconnect_auth_agent", "-lconnect_auth_platform_posix", "-lconnect_auth_mbedtls",
                 "-pthread"]
        self.assertEqual([part for part in libraries if "sanitize" not in part], order)

    def test_the_order_holds_whatever_is_pulled_in_first(self) -> None:
        """mbedTLS's calls back into the agent are all answered by objects that are there by then.

        A linker goes through an archive once. So: take each object of the agent alone, with what
        it needs of the agent; if that wants anything of mbedTLS, then it must already have in it
        whatever mbedTLS wants of the agent.
        """
        agent = symbols(self.prefix / "lib/libconnect_auth_agent.a")
        tls = symbols(self.prefix / "lib/libconnect_auth_mbedtls.a")
        defined_by = {name: unit for unit, (defined, _) in agent.items() for name in defined}
        tls_defines = set().union(*(defined for defined, _ in tls.values()))
        called_back = set().union(*(wanted for _, wanted in tls.values())) & set(defined_by)
        self.assertIn("connect_auth_wall_time", called_back)
        for first in agent:
            linked, wanted = {first}, set(agent[first][1])
            while more := {defined_by[name] for name in wanted if name in defined_by} - linked:
                linked |= more
                wanted = set().union(*(agent[unit][1] for unit in linked))
            if wanted & tls_defines:
                missing = {name for name in called_back if defined_by[name] not in linked}
                self.assertEqual(missing, set(), first)


def symbols(archive: pathlib.Path) -> dict[str, tuple[set[str], set[str]]]:
    """By object of an archive: what it defines for others, and what it wants of them."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for line in output("nm", "--extern-only", "--portability", "-A", archive).splitlines():
        place, _, symbol = line.rpartition("]: ")
        unit, (name, kind) = place.rpartition("[")[2], symbol.split()[:2]
        defined, wanted = found.setdefault(unit, (set(), set()))
        (wanted if kind in "Uw" else defined).add(name)
    return found


class Subdirectory(ConsumerTest):
    """The agent inside a product's build."""

    def test_beside_a_cjson_of_its_own(self) -> None:
        configure(
            HERE / "subdirectory", self.scratch,
            CONNECT_AUTH_SOURCE_DIR=ROOT,
            CONNECT_AUTH_DEPENDENCIES_DIR=self.scratch / "nothing-here",
            CONNECT_AUTH_MBEDTLS_DIR=cached("CONNECT_AUTH_MBEDTLS_DIR"),
            PRODUCT_CJSON_DIR=cached("CONNECT_AUTH_CJSON_DIR"),
        )
        build(self.scratch)
        self.assert_works(self.scratch / "consumer")
        output(self.scratch / "two_cjsons_connect_auth__agent_cjson")
        output(self.scratch / "two_cjsons_cjson_connect_auth__agent")
        installed = self.scratch / "installed"
        output("cmake", "--install", self.scratch, "--prefix", installed)
        self.assertFalse(list(installed.rglob("*connect_auth*")), "a part installs itself unasked")

    def test_with_the_products_mbedtls(self) -> None:
        """First as a target of the product, then as a package that somebody installed."""
        build_with_target = self.scratch / "target"
        configure(
            HERE / "external_mbedtls", build_with_target,
            CONNECT_AUTH_SOURCE_DIR=ROOT,
            CONNECT_AUTH_DEPENDENCIES_DIR=self.scratch / "nothing-here",
            CONNECT_AUTH_CJSON_DIR=cached("CONNECT_AUTH_CJSON_DIR"),
            PRODUCT_MBEDTLS_DIR=cached("CONNECT_AUTH_MBEDTLS_DIR"),
        )
        build(build_with_target)
        self.assert_works(build_with_target / "consumer")
        self.check_package(build_with_target / "libproduct_mbedtls.a")

    def test_with_an_mbedtls_that_serves_others_as_well(self) -> None:
        """Of the default configuration, on the heap."""
        configure(
            HERE / "external_mbedtls", self.scratch,
            CONNECT_AUTH_SOURCE_DIR=ROOT,
            CONNECT_AUTH_DEPENDENCIES_DIR=self.scratch / "nothing-here",
            CONNECT_AUTH_CJSON_DIR=cached("CONNECT_AUTH_CJSON_DIR"),
            PRODUCT_MBEDTLS_DIR=cached("CONNECT_AUTH_MBEDTLS_DIR"),
            PRODUCT_CONFIGURES_MBEDTLS="ON",
        )
        build(self.scratch)
        self.assert_works(self.scratch / "consumer")
        self.assert_fetches_a_token(self.scratch / "in_c")
        self.assert_is_careful(self.scratch / "in_c")

    def check_package(self, library: pathlib.Path) -> None:
        """An agent that was built with an imported mbedTLS asks for it again when it is found."""
        package = self.scratch / "mbedtls"
        package.mkdir()
        text = (HERE / "MbedTLSConfig.cmake.in").read_text(encoding="utf-8")
        for name, value in {
            "LIBRARY": library,
            "INCLUDE": f"{cached('CONNECT_AUTH_MBEDTLS_DIR')}/include",
            "CONFIG": ROOT / "agent/tls/mbedtls_config.h",
        }.items():
            text = text.replace(f"@{name}@", str(value))
        (package / "MbedTLSConfig.cmake").write_text(text, encoding="utf-8")
        (package / "find.cmake").write_text("find_package(MbedTLS CONFIG REQUIRED)\n")
        built, installed = self.scratch / "built", self.scratch / "installed"
        configure(
            ROOT, built, MbedTLS_DIR=package,
            CMAKE_PROJECT_connect_auth_INCLUDE=package / "find.cmake",
            CONNECT_AUTH_CJSON_DIR=cached("CONNECT_AUTH_CJSON_DIR"),
            CONNECT_AUTH_BUILD_PROGRAM="OFF", CONNECT_AUTH_BUILD_TESTS="OFF",
        )
        build(built)
        output("cmake", "--install", built, "--prefix", installed)
        self.assertFalse((installed / "lib/libconnect_auth_mbedtls.a").exists())
        pc = (installed / "lib/pkgconfig/connect_auth.pc").read_text(encoding="utf-8")
        self.assertRegex(pc, r"(?m)^Requires: mbedtls\b")
        self.assertNotIn("-lconnect_auth_mbedtls", pc)
        consumer = self.scratch / "consumer"
        configure(HERE / "find_package", consumer, CMAKE_PREFIX_PATH=installed,
                  MbedTLS_DIR=package)
        build(consumer)
        self.assert_works(consumer / "consumer")


class InC(InstalledTest):
    """An application of C that has no C++ compiler, against the bundled server."""

    def test_pkg_config(self) -> None:
        program = self.scratch / "c"
        output("gcc", "-std=c11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wconversion", "-Werror",
               *self.pkg_config("--cflags"), HERE / "c/main.c", *self.pkg_config("--libs"), "-o", program)
        self.assertNotIn("libstdc++", output("ldd", program))
        self.assert_fetches_a_token(program)

    def test_find_package(self) -> None:
        configure(HERE / "c", self.scratch, CMAKE_PREFIX_PATH=self.prefix, CMAKE_CXX_COMPILER="none")
        build(self.scratch)
        self.assertNotIn("libstdc++", output("ldd", self.scratch / "consumer"))
        self.assert_fetches_a_token(self.scratch / "consumer")

    def test_example_is_short(self) -> None:
        self.assertLess(len((HERE / "c/main.c").read_text().splitlines()), 120)


class WithoutSources(ConsumerTest):
    """Configuring never goes to the network, so it has to say what is missing."""

    def test_one_clear_sentence(self) -> None:
        nowhere = self.scratch / "nowhere"
        done = run("cmake", "-S", ROOT, "-B", self.scratch / "build",
                   f"-DCONNECT_AUTH_DEPENDENCIES_DIR={nowhere}")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("CMake Error"), 1, done.stdout)
        self.assertIn(
            f"No mbedtls in {nowhere}/mbedtls: run toolchains/fetch-dependencies, or set "
            "CONNECT_AUTH_MBEDTLS_DIR to its source tree.",
            " ".join(done.stdout.split()),
        )


if __name__ == "__main__":
    unittest.main()
