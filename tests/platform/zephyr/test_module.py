# SPDX-License-Identifier: Apache-2.0
"""The files of the module for Zephyr fit together: a small project plays Zephyr's build, and compiles an application with
the module against stand-ins. Zephyr itself is not here.

CONNECT_AUTH_DEPENDENCIES_DIR is where the dependencies' sources lie.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODULE = ROOT / "platform/zephyr"
KCONFIG = ("config", "bool", "int", "range", "default", "depends", "help", "if", "endif")


class Module(unittest.TestCase):
    """As somebody finds it who names it in ZEPHYR_EXTRA_MODULES."""

    def setUp(self) -> None:
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def build(self, root: pathlib.Path) -> subprocess.CompletedProcess[str]:
        """An application with the module."""
        build = self.scratch / "build"
        shutil.rmtree(build, ignore_errors=True)
        configured = subprocess.run(
            ["cmake", "-S", HERE / "project", "-B", build, f"-DCONNECT_AUTH_DIR={root}",
             f"-DCONNECT_AUTH_DEPENDENCIES_DIR={os.environ['CONNECT_AUTH_DEPENDENCIES_DIR']}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if configured.returncode != 0:
            return configured
        return subprocess.run(
            ["cmake", "--build", build, "--target", "application", "--parallel", str(os.cpu_count())],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def test_it_compiles(self) -> None:
        built = self.build(ROOT)
        self.assertEqual(built.returncode, 0, built.stdout)
        archives = {path.name for path in (self.scratch / "build").rglob("*.a")}
        self.assertLessEqual({"libconnect_auth_platform_zephyr.a", "libconnect_auth_agent.a"}, archives)
        self.assertFalse([name for name in archives if "mbedtls" in name], "mbedTLS is Zephyr's")

    def test_a_wrong_module_is_found(self) -> None:
        """Seeded violations."""
        for old, new in (("zephyr_library_sources", "zephyr_library_source"), ("settings_storage.cc", "settings.cc"),
                         ("mbedTLS zephyr_interface)", "zephyr_interface)")):
            with self.subTest(new):
                root = self.scratch / "root"
                shutil.rmtree(root, ignore_errors=True)
                root.mkdir()
                for path in ROOT.iterdir():
                    if path.name in ("agent", "port", "tests", "toolchains", "CMakeLists.txt", "LICENSE"):
                        (root / path.name).symlink_to(path)
                shutil.copytree(ROOT / "platform", root / "platform")
                file = root / "platform/zephyr/CMakeLists.txt"
                text = file.read_text()
                self.assertIn(old, text)
                file.write_text(text.replace(old, new))
                self.assertNotEqual(self.build(root).returncode, 0)

    def test_manifest_names_what_is_there(self) -> None:
        pairs = dict(re.findall(r"^ *(\w+): *(\S+)$", (MODULE / "zephyr/module.yml").read_text(), re.M))
        self.assertEqual(set(pairs), {"name", "cmake", "kconfig"})
        self.assertTrue((MODULE / pairs["cmake"] / "CMakeLists.txt").is_file())
        self.assertTrue((MODULE / pairs["kconfig"]).is_file())

    def test_options_are_those_of_kconfig(self) -> None:
        lines = [line for line in (MODULE / "Kconfig").read_text().splitlines()
                 if line.strip() and not line.startswith(("#", "\t  "))]
        self.assertEqual({line.split()[0] for line in lines} - set(KCONFIG), set())
        options = {line.split()[1] for line in lines if line.startswith("config ")}
        used = set(re.findall(r"CONFIG_(\w+)", (MODULE / "CMakeLists.txt").read_text()))
        self.assertEqual(used, options)


if __name__ == "__main__":
    unittest.main()
