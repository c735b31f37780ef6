#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks, prints their tables as Markdown, and writes the two pictures that README.md shows.

It takes what the presets release and smartfusion2 have built: tests/run release firmware. What is missing
is said, and left out. Takes about a quarter of an hour; --quick about three minutes, with fewer runs, and
without the firmware's, whose numbers hardly change.
"""

import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys

import picture

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = "build/release/platform/linux/connect-auth"
IMAGE = "build/smartfusion2/platform/smartfusion2/connect-auth.elf"
BENCH = "build/release/tests/bench/connect_auth_bench_"
FLEET = "build/release/tests/fleet/connect_auth_fleet"


class Part:
    """One benchmark: what it is about, its command, and whether its own output is no Markdown."""

    def __init__(self, title: str, command: list[str], needs: tuple[str, ...] = (), plain: bool = False) -> None:
        self.title, self.command, self.needs, self.plain = title, command, needs, plain

    def run(self) -> tuple[str, bool]:
        """What it prints, and whether it came to its end."""
        missing = [path for path in self.needs if not (ROOT / path).exists()]
        if missing:
            return f"Not measured: {', '.join(missing)} is not built.", False
        done = subprocess.run(self.command, cwd=ROOT, capture_output=True, text=True, check=False)
        text = done.stdout.strip() or done.stderr.strip()
        return (f"```\n{text}\n```" if self.plain else text), done.returncode == 0


def parts(quick: bool, fleet: str) -> list[Part]:
    """In the order in which they are printed."""
    runs, seconds = ("3", "0.5") if quick else ("15", "2")
    found = [
        Part("Cold: one token", ["tests/bench/cold.py", "--program", PROGRAM, "--runs", runs], (PROGRAM,)),
        Part("Resumed beside full", ["tests/bench/resumption.py"], (f"{BENCH}resumption",)),
        Part("Parsing and Base64", ["tests/bench/parse.py"], (f"{BENCH}parse",)),
        Part("Arena of TLS, the least that a token takes", [f"{BENCH}arena"], (f"{BENCH}arena",)),
        Part("Service", ["tests/bench/daemon.py", "--seconds", seconds], (PROGRAM, f"{BENCH}load")),
        Part("Flash of the ring store", [f"{BENCH}ring"], (f"{BENCH}ring",), plain=True),
        Part("Fleet", [FLEET, "--picture", fleet], (FLEET,)),
    ]
    if not quick:
        found.insert(2, Part("Firmware", ["tests/bench/firmware.py", "--program", PROGRAM, "--image", IMAGE],
                             (PROGRAM, IMAGE), plain=True))
        if (ROOT / "build/minsize").exists():
            found.append(Part("Code size", ["tests/size/sizes.py", "--build", "build/minsize"], plain=True))
    return found


def cold_rows(text: str, column: int) -> list[tuple[str, float]]:
    """One column of the cold run's table, of RSA with TLS 1.3."""
    rows = re.findall(r"^\| RSA 1\.3 \| ([^|]*) \|(.*)\|$", text, re.MULTILINE)
    cells = [(name.strip(), rest.split("|")) for name, rest in rows if len(rest.split("|")) > 5]
    return [(name, float(rest[column])) for name, rest in cells if rest[column].strip() != "-" and "first" not in name]


def parse_rows(text: str) -> list[tuple[str, float]]:
    """Instructions on x86-64 of the answer with many fields."""
    rows = re.findall(r"^\| 11 fields[^|]*\| ([^|]*) \| ([\d,]+) \|", text, re.MULTILINE)
    return [(name, float(value.replace(",", ""))) for name, value in rows if "alone" not in name]


def base64_rows(text: str) -> list[tuple[str, float]]:
    """Instructions on the Cortex-M3, or on the host where there is no board."""
    rows = re.findall(r"^\| (connect-auth|mbedTLS) \| ([\d,]+) \| ([\d,]+) \|", text, re.MULTILINE)
    return [(name, float(board.replace(",", ""))) for name, _, board in rows]


def draw(said: dict[str, str]) -> str:
    """The picture of ours beside others."""
    cold, parse = said.get("Cold: one token", ""), said.get("Parsing and Base64", "")
    groups = [("One token, cold process, TLS 1.3, RSA: millions of instructions", "{:.1f}", cold_rows(cold, 0)),
              ("The same: peak of memory, MB", "{:.1f}", cold_rows(cold, 2)),
              ("Base64 of 33 octets, constant time, Cortex-M3: instructions", "{:,.0f}", base64_rows(parse)),
              ("Parsing an answer of 1,071 octets, x86-64: instructions", "{:,.0f}", parse_rows(parse))]
    return picture.bars([group for group in groups if group[2]])


def main() -> int:
    """0: all was measured; 1: something was not, or says that a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs, and not all benchmarks")
    parser.add_argument("--output", type=pathlib.Path, metavar="FILE", help="write the tables there as well")
    parser.add_argument("--pictures", type=pathlib.Path, metavar="DIR",
                        help="write the pictures there (default: where README.md has them)")
    options = parser.parse_args()
    folder = options.pictures and options.pictures.resolve()
    fleet = (folder or ROOT / "tests/fleet") / "fleet.svg"
    today = datetime.datetime.now(datetime.timezone.utc).date()
    lines = [f"# Benchmarks of {today}", "", f"Command: `tests/bench/all.py{' --quick' if options.quick else ''}`, "
             f"{os.cpu_count()} CPUs.", ""]
    print("\n".join(lines), flush=True)
    said, good = {}, True
    for part in parts(options.quick, str(fleet)):
        text, well = part.run()
        said[part.title], good = text, good and well
        lines += [f"## {part.title}", "", text, ""]
        print("\n".join(lines[-4:]), flush=True)
    ((folder or HERE) / "peers.svg").write_text(draw(said), encoding="utf-8")
    if options.output:
        options.output.write_text("\n".join(lines), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
