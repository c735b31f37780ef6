#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What each feature takes of an image for Cortex-M3: tests/size/minimal.cc linked with all, and without one.

The libraries count, mbedTLS most of all. By hand: each row compiles them once more, a minute or two.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = "connect_auth_minimal"
OPTIONS = ("CONNECT_AUTH_TLS_SMALL=1", "CONNECT_AUTH_TLS_IN_BYTES=8192", "CONNECT_AUTH_TLS_OUT_BYTES=2048")
LOG_LEVEL = 4
CERTIFICATES = "without client certificates"  # An option of the build, and no macro.
# What it is called, what changes in the options, and the level of the log.
ROWS = (("all, with log texts", (), LOG_LEVEL),
        ("without TLS 1.3", ("CONNECT_AUTH_TLS_1_3=0",), LOG_LEVEL),
        ("without TLS 1.2", ("CONNECT_AUTH_TLS_1_2=0",), LOG_LEVEL),
        ("without client certificates", (CERTIFICATES,), LOG_LEVEL),
        ("without log texts", (), 0),
        ("made for speed with more memory", ("CONNECT_AUTH_TLS_SMALL=0",), LOG_LEVEL))


def options_with(changes: tuple[str, ...]) -> str:
    """The options as CMake's list, those changed in place of what they were."""
    changed = dict(each.split("=") for each in OPTIONS) | dict(each.split("=") for each in changes)
    return ";".join(f"{name}={value}" for name, value in changed.items())


def build(folder: pathlib.Path, changes: tuple[str, ...], level: int) -> tuple[int, int]:
    """Octets of flash, and of RAM without arenas and stack."""
    certificates = "OFF" if CERTIFICATES in changes else "ON"
    changes = tuple(each for each in changes if each != CERTIFICATES)
    for command in (
            ["cmake", "--preset", "smartfusion2", "-B", str(folder), f"-DCONNECT_AUTH_OPTIONS={options_with(changes)}",
             f"-DCONNECT_AUTH_LOG_LEVEL={level}", f"-DCONNECT_AUTH_CLIENT_CERTIFICATE={certificates}"],
            ["cmake", "--build", str(folder), "--target", TARGET]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"features.py: {' '.join(command[:2])} fails:\n{(done.stdout + done.stderr)[-2000:]}")
    image = folder / "tests/size" / TARGET
    said = subprocess.run(["arm-none-eabi-size", str(image)], capture_output=True, text=True, check=True).stdout
    code, data, bss = (int(word) for word in said.splitlines()[1].split()[:3])
    return code + data, data + bss


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    print("| image for Cortex-M3 | flash | beside all | static RAM | beside all |\n|---|--:|--:|--:|--:|")
    whole = None
    for name, changes, level in ROWS:
        with tempfile.TemporaryDirectory() as scratch:
            flash, ram = build(pathlib.Path(scratch), changes, level)
        whole = whole or (flash, ram)
        print(f"| {name} | {flash:,} | {flash - whole[0]:+,} | {ram:,} | {ram - whole[1]:+,} |", flush=True)


if __name__ == "__main__":
    main()
