# SPDX-License-Identifier: Apache-2.0
"""The files of the component for ESP-IDF fit together: a small project plays idf.py and compiles it against stand-ins.
ESP-IDF itself is not here.

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
COMPONENT = ROOT / "platform/esp-idf"


def kconfig_names(text: str) -> set[str]:
    """The options of a Kconfig file; what cannot be read is an error."""
    names = set()
    for line in text.splitlines():
        words = line.split("#")[0].split(None, 1)
        if words and words[0] == "config":
            names.add(words[1])
        elif words and not line.startswith("            "):  # Of a help text.
            assert words[0] in ("menu", "endmenu", "int", "range", "default", "help"), line
    return names


class Component(unittest.TestCase):
    """As somebody finds it who adds it to a project."""

    def setUp(self) -> None:
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def configure(self, root: pathlib.Path) -> subprocess.CompletedProcess[str]:
        """A project with the component."""
        return subprocess.run(
            ["cmake", "-S", HERE / "project", "-B", self.scratch / "build", f"-DCONNECT_AUTH_DIR={root}",
             f"-DCONNECT_AUTH_DEPENDENCIES_DIR={os.environ['CONNECT_AUTH_DEPENDENCIES_DIR']}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def test_it_compiles(self) -> None:
        configured = self.configure(ROOT)
        self.assertEqual(configured.returncode, 0, configured.stdout)
        built = subprocess.run(
            ["cmake", "--build", self.scratch / "build", "--target", "component", "--parallel", str(os.cpu_count())],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(built.returncode, 0, built.stdout)
        archives = {path.name for path in (self.scratch / "build").rglob("*.a")}
        self.assertLessEqual({"libcomponent.a", "libconnect_auth_agent.a", "libconnect_auth_platform_freertos.a"}, archives)
        self.assertFalse([name for name in archives if "mbedtls" in name], "mbedTLS is ESP-IDF's")

    def test_a_wrong_component_is_found(self) -> None:
        """Seeded violations."""
        for old, new in (("idf::freertos", "idf::kernel"), ("nvs_storage.cc", "nvs_store.cc"), ("connect_auth::agent", "connect_auth::agents")):
            with self.subTest(new):
                root = self.scratch / "root"
                shutil.rmtree(root, ignore_errors=True)
                shutil.rmtree(self.scratch / "build", ignore_errors=True)
                root.mkdir()
                for path in ROOT.iterdir():
                    if path.name in ("agent", "port", "platform", "tests", "toolchains", "CMakeLists.txt", "LICENSE"):
                        (root / path.name).symlink_to(path)
                (root / "platform").unlink()
                shutil.copytree(ROOT / "platform", root / "platform")
                file = root / "platform/esp-idf/CMakeLists.txt"
                text = file.read_text()
                self.assertIn(old, text)
                file.write_text(text.replace(old, new))
                self.assertNotEqual(self.configure(root).returncode, 0)

    def test_options_are_those_of_kconfig(self) -> None:
        used = set(re.findall(r"\$\{CONFIG_(\w+)\}", (COMPONENT / "CMakeLists.txt").read_text()))
        self.assertEqual(used, kconfig_names((COMPONENT / "Kconfig").read_text()))

    def test_version_is_the_projects(self) -> None:
        version = re.search(r"project\(connect_auth VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        manifest = (COMPONENT / "idf_component.yml").read_text()
        self.assertIn(f'version: "{version}"', manifest)
        self.assertIn("license: Apache-2.0", manifest)


if __name__ == "__main__":
    unittest.main()
