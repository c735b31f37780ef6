#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much of the memory of an emulated machine one cold run of the program has resident at its peak.

usage: resident.py PROGRAM        PROGRAM: runs connect-auth under QEMU's user-mode emulator

QEMU itself takes several times as much as the program, so the resident set of its process says nothing.
But the pages of the emulated program are mappings of that process as well, at the addresses that the
program sees: those are counted, several hundred times during a run. The largest sum is the peak. What
the kernel would hold besides, page tables and the like, is not in it, as it is in no resident set.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "program"), str(TESTS / "server")]

# QEMU places programs of 32 bits below the one, those of 64 bits below the other, and is itself far above.
END_OF_GUEST = 1 << 40
MAPPING = re.compile(rb"^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)$")


def resident_bytes(process: int) -> int:
    """Of the emulated program's mappings, now; 0 where the process is gone."""
    total, counts = 0, False
    try:
        lines = pathlib.Path(f"/proc/{process}/smaps").read_bytes().splitlines()
    except OSError:
        return 0
    for line in lines:
        mapping = MAPPING.match(line)
        if mapping:
            counts = int(mapping[1], 16) < END_OF_GUEST and b"/qemu-" not in mapping[2]
        elif counts and line.startswith(b"Rss:"):
            total += int(line.split()[1]) * 1024
    return total


def peak_of(process: subprocess.Popen[bytes]) -> int:
    """Looks again and again, as long as it runs."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident_bytes(process.pid))
    return peak


def measure(program: str) -> int:
    """The peak of a run that fetches a token over TLS 1.2 with the RSA chain, and stores it."""
    os.environ["CONNECT_AUTH_PROGRAM"] = program
    import harness  # It wants the program.

    with tempfile.TemporaryDirectory() as directory:
        with harness.OAuthServer(harness.chain("rsa"), 0, tls="1.2") as server:
            server.client_secret, server.password = harness.CLIENT_SECRET, harness.PASSWORD
            device = harness.Device(pathlib.Path(directory), server)
            process = device.start("token")
            peak = peak_of(process)
            outcome = harness.finish(process)
            if outcome.code != harness.EXIT_DONE:
                raise RuntimeError(f"no token: {outcome}")
            return peak


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    print(measure(sys.argv[1]))
