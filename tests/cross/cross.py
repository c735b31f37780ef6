#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds for other machines, runs the tests there under QEMU, and prints what the program takes.

Exit status: 0, all tests of all targets passed; 1, they did not; 2, something is missing.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOST_PROGRAM = ROOT / "build/release/platform/linux/connect-auth"
KILO = 1000


@dataclasses.dataclass
class Target:
    """A machine, as its preset describes it."""

    name: str
    toolchain: pathlib.Path
    sanitize: bool

    @property
    def triple(self) -> str:
        """What its compiler's name begins with."""
        return self.toolchain.stem

    @property
    def build(self) -> pathlib.Path:
        """Where it is built."""
        return ROOT / "build" / (f"{self.name}-sanitize" if self.sanitize else self.name)


@dataclasses.dataclass
class Figures:
    """What the table says of a target."""

    tests: int
    failed: list[str]
    program: int = 0
    static: int = 0
    resident: int = 0


def all_targets(sanitize: bool) -> dict[str, Target]:
    """By name."""
    presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
    return {
        each["name"]: Target(
            each["name"], pathlib.Path(each["toolchainFile"].replace("${sourceDir}", str(ROOT))), sanitize)
        for each in presets if each.get("inherits") == "cross"
    }


def run(*command: object) -> None:
    """A step of a build: its output only where it fails."""
    step = subprocess.run([str(part) for part in command], cwd=ROOT, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if step.returncode:
        sys.exit(f"{step.stdout}\ncross.py: {' '.join(str(part) for part in command)} failed")


def build(target: Target) -> None:
    """Everything that is tested or measured."""
    if not shutil.which(f"{target.triple}-g++"):
        print(f"cross.py: install g++-{target.triple}", file=sys.stderr)
        sys.exit(2)
    run("cmake", "--preset", target.name, "-B", target.build,
        f"-DCONNECT_AUTH_SANITIZE={'ON' if target.sanitize else 'OFF'}")
    run("cmake", "--build", target.build, "--", "--quiet")


def test(target: Target) -> Figures:
    """All tests of a target; those that fail say why."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        subprocess.run(
            ["ctest", "--test-dir", target.build, "--output-on-failure", "-j", str(os.cpu_count()),
             "--exclude-regex", "^gateway/", "--output-junit", report.name],
            cwd=ROOT, check=False)
        cases = xml.etree.ElementTree.parse(report.name).getroot().iter("testcase")
        outcomes = {case.get("name"): case.get("status") for case in cases}
    return Figures(len(outcomes), [name for name, outcome in outcomes.items() if outcome != "run"])


def stripped_size(target: Target, program: pathlib.Path) -> int:
    """As it is installed."""
    with tempfile.NamedTemporaryFile() as stripped:
        run(f"{target.triple}-strip", "-o", stripped.name, program)
        return os.stat(stripped.name).st_size


def measure(target: Target, figures: Figures) -> None:
    """Sizes on disk and in memory."""
    figures.program = stripped_size(target, target.build / "platform/linux/connect-auth")
    figures.static = stripped_size(target, target.build / "tests/cross/connect_auth_static")
    emulated = target.build / "tests/program/emulated-connect_auth_program"
    measured = subprocess.run([HERE / "resident.py", emulated], stdout=subprocess.PIPE, text=True, check=True)
    figures.resident = int(measured.stdout)


def row(target: Target, figures: Figures) -> str:
    """A line of the table."""
    passed = f"{figures.tests - len(figures.failed)} of {figures.tests}"
    sizes = [f"{size / KILO:.0f}" if size else "" for size in (figures.program, figures.static, figures.resident)]
    return f"| {' | '.join([target.name, target.triple, passed, *sizes])} |"


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("targets", nargs="+", metavar="TARGET", help="a preset of a cross build, such as mips, or all")
    add("--sanitize", action="store_true",
        help="with the undefined-behaviour sanitizer, in build/TARGET-sanitize; measures nothing")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    known = all_targets(given.sanitize)
    names = list(known) if given.targets == ["all"] else given.targets
    if unknown := [name for name in names if name not in known]:
        print(f"cross.py: no target called {unknown[0]}: there are {', '.join(known)}", file=sys.stderr)
        sys.exit(2)
    if not HOST_PROGRAM.exists():
        run("cmake", "--preset", "release")
        run("cmake", "--build", "--preset", "release", "--target", "connect_auth_program")
    table, failed = [], False
    for name in names:
        target = known[name]
        build(target)
        figures = test(target)
        if not given.sanitize:
            measure(target, figures)
        table.append(row(target, figures))
        failed |= bool(figures.failed) or not figures.tests
    print("\n| target | compiler | tests passed | program, KB | static, KB | resident, KB |")
    print("|---|---|---|--:|--:|--:|")
    print("\n".join(table))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
