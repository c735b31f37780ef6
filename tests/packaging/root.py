# SPDX-License-Identifier: Apache-2.0
"""A root file system that packages are installed into, without being one's own."""

import os
import pathlib
import shutil
import subprocess

# Where nothing of a package may be left after it was purged.
_OF_DPKG = "var/lib/dpkg"
_USERS = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/.pwd.lock")
_LIBC = """Package: libc6
Status: install ok installed
Maintainer: nobody
Architecture: {architecture}
Version: 2.36-9
Description: what the root file system was made with
"""


class Root:
    """It has dpkg's records, says that libc6 is there, and holds what the test puts in."""

    def __init__(self, directory: pathlib.Path, architecture: str) -> None:
        self.directory = directory
        for part in ("info", "updates", "triggers"):
            (directory / _OF_DPKG / part).mkdir(parents=True)
        (directory / _OF_DPKG / "status").write_text(_LIBC.format(architecture=architecture))
        (directory / _OF_DPKG / "available").touch()
        for part in ("etc/systemd/system", "lib", "var/lib"):  # Those of a system, which stay.
            (directory / part).mkdir(parents=True, exist_ok=True)

    def __truediv__(self, name: str) -> pathlib.Path:
        return self.directory / name

    def take_library(self, library: pathlib.Path) -> None:
        """Puts a shared library where the loader looks."""
        shutil.copy(library, self.directory / "lib" / library.name)

    def dpkg(self, *arguments: object) -> str:
        """Lets this machine's dpkg do something there. It works without being root."""
        done = subprocess.run(
            ["dpkg", f"--root={self.directory}", f"--log={os.devnull}", "--force-not-root", "--force-architecture",
             "--force-script-chrootless", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env=os.environ | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
        if done.returncode:
            raise AssertionError(f"dpkg {arguments}: {done.stdout}")
        return done.stdout

    def tree(self) -> set[str]:
        """All names in it, without dpkg's own and the lists of users: a user stays, as is Debian's custom."""
        names = (path.relative_to(self.directory).as_posix() for path in self.directory.rglob("*"))
        return {name for name in names if not name.startswith((_OF_DPKG, *_USERS))}
