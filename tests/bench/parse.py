#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a token endpoint's answer costs to read, and a client's identity to write in Base64, beside others.

The others are Debian's http-parser with cJSON or jsmn, and mbedTLS's Base64, in one program with ours.
Instructions on x86-64 are counted by callgrind, of one call; those on a Cortex-M3 are the nanoseconds of
QEMU's clock under -icount, a thousandth of a thousand calls, and the stack is what changed of paint there.
The peers are not built for the Cortex-M3: Debian has them for the host. Stands for them there, where it
says "noted": a figure of this project's notes, of an answer of the same make.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/firmware"))

import emcraft  # noqa: E402

PATIENCE_SECONDS = 120
ANSWERS = {"fields": "11 fields, token of 561", "long": "3 fields, token of 891"}
# Of the function on the host; of what the board says, behind the answer's name.
WAYS = (("connect-auth", "bench_connect_auth", "parse"),
        ("connect-auth, HTTP alone", "bench_connect_auth_http", "http"),
        ("http-parser + cJSON", "bench_http_parser_cjson", None),
        ("http-parser + jsmn", "bench_http_parser_jsmn", None))
ENCODERS = (("connect-auth", "bench_connect_auth_base64", "connect_auth"),
            ("mbedTLS", "bench_mbedtls_base64", "mbedtls"))
# Of the answer with many fields. Other parsers than Debian's, gcc 12 -Os, measured once in the same way.
NOTED = {"http-parser + cJSON": 27088, "picohttpparser + cJSON": 22396, "picohttpparser + jsmn": 14603}

MOST_INSTRUCTIONS = 16000  # Goals, on the Cortex-M3.
MOST_STACK = 256
MOST_BASE64 = 700
# What must not be passed: what was reached, and a little room for another compiler.
CHECKED = {"fields parse": 54000, "fields http": 22500, "base64 connect_auth": MOST_BASE64, "long http stack": MOST_STACK}


class BenchError(Exception):
    """Something that a person can put right."""


def count(program: pathlib.Path, answer: str, function: str) -> int:
    """Instructions of one call."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [shutil.which("valgrind") or "valgrind", "--tool=callgrind", "--collect-atstart=no",
             f"--toggle-collect={function}", f"--callgrind-out-file={scratch}/out",
             str(program), answer, "count"],
            capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise BenchError(f"{function}: exit {done.returncode}: {done.stderr.strip()[-300:]}")
    return int(found[1])


def on_host(program: pathlib.Path) -> dict[str, int]:
    """Instructions of each way on the host: by the answer's name and the function's."""
    counted = {}
    for answer in ANSWERS:
        if subprocess.run([str(program), answer, "check"], check=False).returncode != 0:
            raise BenchError(f"{answer}: a token was not found, or Base64 is not the same")
        for _, function, _ in WAYS:
            counted[f"{answer} {function}"] = count(program, answer, function)
    for _, function, _ in ENCODERS:
        counted[function] = count(program, "fields", function)
    return counted


def on_board(image: pathlib.Path) -> dict[str, int]:
    """What the board says: instructions by the names it gives, and the stack beside them."""
    status, console = emcraft.run(str(image), PATIENCE_SECONDS, options=["-icount", "shift=0"])
    said = re.findall(r"^BENCH (\w+ \w+) (\d+) (\d+)", console, re.MULTILINE)
    if status != 0 or len(said) != 6 or any(taken == "0" for _, taken, _ in said):
        raise BenchError(f"the board ends with {status}:\n{console}")
    return {key: int(value) for name, taken, stack in said
            for key, value in ((name, taken), (f"{name} stack", stack))}


def tables(host: dict[str, int], board: dict[str, int]) -> list[str]:
    """Both, as Markdown. Where something was not measured there is a hyphen."""
    lines = ["| answer of 1,071 octets | way | x86-64 | Cortex-M3 | its stack |", "|---|---|--:|--:|--:|"]
    for answer, title in ANSWERS.items():
        for name, function, key in WAYS:
            noted = NOTED.get(name) if answer == "fields" else None
            lines.append(f"| {title} | {name} | {show(host.get(f'{answer} {function}'))} "
                         f"| {show(board.get(f'{answer} {key}'), noted)} | {show(board.get(f'{answer} {key} stack'))} |")
        if answer == "fields":
            lines += [f"| {title} | {name} | - | {show(None, noted)} | - |" for name, noted in NOTED.items()
                      if name not in {way for way, _, _ in WAYS}]
    lines += ["", "| Base64 of 33 octets | x86-64 | Cortex-M3 | its stack |", "|---|--:|--:|--:|"]
    for name, function, key in ENCODERS:
        lines.append(f"| {name} | {show(host.get(function))} | {show(board.get(f'base64 {key}'))} "
                     f"| {show(board.get(f'base64 {key} stack'))} |")
    return lines


def show(value: int | None, noted: int | None = None) -> str:
    """A number for people."""
    return f"{value:,}" if value is not None else f"{noted:,} (noted)" if noted is not None else "-"


def goals(board: dict[str, int]) -> list[str]:
    """The goals' lines."""
    lines = ["", "| goal, Cortex-M3 | limit | measured | |", "|---|--:|--:|---|"]
    for title, key, limit in (("instructions, 11 fields", "fields parse", MOST_INSTRUCTIONS),
                              ("stack of HTTP parsing, 11 fields", "fields http stack", MOST_STACK),
                              ("stack of HTTP parsing, 3 fields", "long http stack", MOST_STACK),
                              ("Base64, instructions", "base64 connect_auth", MOST_BASE64)):
        if key in board:
            verdict = "reached" if board[key] <= limit else "**missed**"
            lines.append(f"| {title} | <= {limit:,} | {board[key]:,} | {verdict} |")
    return lines


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, metavar="PATH", help="default: that of the release preset",
                        default=ROOT / "build/release/tests/bench/connect_auth_bench_parse")
    parser.add_argument("--image", type=pathlib.Path, metavar="PATH", help="default: that of the smartfusion2 preset",
                        default=ROOT / "build/smartfusion2/tests/bench/connect_auth_bench_parse.elf")
    parser.add_argument("--check", action="store_true", help="exit 1 when it got dearer than what was reached")
    options = parser.parse_args()
    if not any(os.access(path, os.R_OK) for path in (options.program, options.image)):
        parser.error("neither program nor image is built")
    return options


def main() -> int:
    """0: measured; 1: it got dearer, with --check; 2: could not be measured. What is not built is left out."""
    options = parse_options()
    try:
        host = on_host(options.program) if options.program.exists() else {}
        board = on_board(options.image) if options.image.exists() else {}
    except (BenchError, emcraft.Ended, OSError, subprocess.SubprocessError) as error:
        print(f"parse.py: {error}", file=sys.stderr)
        return 2
    print("\n".join(tables(host, board) + goals(board)))
    dearer = [f"{key}: {board.get(key)}, {most} are allowed" for key, most in CHECKED.items()
              if board.get(key, most + 1) > most]
    if options.check and dearer:
        print("\n".join(dearer), file=sys.stderr)
    return 1 if options.check and dearer else 0


if __name__ == "__main__":
    sys.exit(main())
