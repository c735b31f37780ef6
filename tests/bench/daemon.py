#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the service answers in a second, beside a server that answers lines and does nothing else, in one run.

The other server sends as many octets; both have one thread. Times are of the client. CPU is of the server: of its
own, without the kernel's part.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/program"))

# Goals: queries a second with and without pipelining, of which one suffices; 99th percentile of one query.
LEAST_PIPELINED, LEAST_SINGLE, MOST_MICROSECONDS = 100_000, 40_000, 1000
# What holds on any machine: how much of the other server's rate there is.
LEAST_RATIO = 0.25
LOADS = {"1 client": (1, 1), "8 clients": (8, 1), "1 client, 50 at once": (1, 50), "8 clients, 50 at once": (8, 50)}


def user_seconds(process: subprocess.Popen) -> float:
    """What a process computed so far, outside of the kernel."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def load(tool: str, socket: str, process: subprocess.Popen, clients: int, depth: int, seconds: float) -> tuple:
    """Queries a second, median, 99th percentile, and microseconds of the server's own for each."""
    before = user_seconds(process)
    done = subprocess.run([tool, socket, str(clients), str(depth), str(seconds)], stdout=subprocess.PIPE, text=True,
                          check=True)
    rate, median, late = (float(word) for word in done.stdout.split())
    return rate, median, late, (user_seconds(process) - before) / (rate * seconds) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="default: build/release")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each load (default: 2)")
    parser.add_argument("--check", action="store_true",
                        help=f"exit with 1 where it has less than {LEAST_RATIO} of the other's rate")
    options = parser.parse_args()
    os.environ["CONNECT_AUTH_PROGRAM"] = str(options.build.resolve() / "platform/linux/connect-auth")
    tool = str(options.build.resolve() / "tests/bench/connect_auth_bench_load")

    from service import Service, ServiceTest  # It wants to know the program.

    class Bench(ServiceTest):
        """For its server and its device."""

        def runTest(self) -> None:  # noqa: N802  the name that unittest knows
            socket = str(self.device.directory / "other")
            with self.running() as service, service.connect() as client:
                size = len(client.ask("token")) + 1
                other = subprocess.Popen([tool, "serve", socket, str(size)])
                self.addCleanup(other.kill)
                time.sleep(0.2)
                for name, (clients, depth) in LOADS.items():
                    ours = load(tool, str(service.socket), service.process, clients, depth, options.seconds)
                    theirs = load(tool, socket, other, clients, depth, options.seconds)
                    rows.append((name, ours, theirs))
                other.kill()
                other.wait()

    rows: list[tuple] = []
    bench = Bench()
    result = bench.run()
    if not result.wasSuccessful():
        sys.exit("\n".join(text for _, text in result.errors + result.failures))
    print("| load | queries/s | median us | 99 % us | own CPU, us/query | other server: queries/s | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, ours, theirs in rows:
        print(f"| {name} | {ours[0]:,.0f} | {ours[1]:.0f} | {ours[2]:.0f} | {ours[3]:.1f} | {theirs[0]:,.0f} "
              f"| {ours[0] / theirs[0]:.2f} |")
    single, pipelined = rows[0][1], max(rows[2][1][0], rows[3][1][0])
    reached = pipelined >= LEAST_PIPELINED or single[0] >= LEAST_SINGLE
    print(f"\ngoal {LEAST_PIPELINED:,} queries/s pipelined or {LEAST_SINGLE:,} not: {'reached' if reached else 'missed'}; "
          f"99 % within {MOST_MICROSECONDS} us: {'reached' if single[2] <= MOST_MICROSECONDS else 'missed'}")
    sys.exit(options.check and any(ours[0] < LEAST_RATIO * theirs[0] for _, ours, theirs in rows))


if __name__ == "__main__":
    main()
