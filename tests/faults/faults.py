#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the program against servers that do one thing wrong each, and judges what comes of it.

The program is named by CONNECT_AUTH_PROGRAM. README.md says what is judged.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import fnmatch
import itertools
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import table  # noqa: E402  first: it sets the module path
from fault_server import PIECES, TOKEN_PATH, FaultServer, Plan  # noqa: E402
from harness import (  # noqa: E402
    CLIENT_SECRET,
    EXIT_DONE,
    EXIT_REFUSED,
    PASSWORD,
    Device,
    Outcome,
    traces,
)
from table import Case  # noqa: E402

# What a case may take that ends by itself; one that waits has its own time.
LIMIT_SECONDS = 30
# Beyond the limit: start-up, sanitizers, a loaded machine.
SLACK_SECONDS = 10.0
# All but drop by drop, which takes longer than the usual answer may.
CUTS = tuple(one for one in PIECES if one != "drip")
API = ("request", "GET", "/Connect/api/devices")
TRACES = [trace for secret in (CLIENT_SECRET, PASSWORD) for trace in traces(secret)]


class Hang(Exception):
    """The program ran on beyond its deadline."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of a case."""

    case: Case
    command: str
    pieces: str
    complaints: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        head = f"{self.case.name} ({self.command}, {self.pieces}, {self.seconds:.1f} s)"
        return "\n".join([head, *(f"    {complaint}" for complaint in self.complaints)])


def run(device: Device, arguments: Sequence[str], limit: float) -> Outcome:
    """As Device.run, but nobody waits for a minute where two seconds are allowed."""
    began = time.monotonic()
    with device.start(*arguments) as process:
        try:
            stdout, stderr = process.communicate(timeout=limit + SLACK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Hang(f"it hangs: still running after {limit + SLACK_SECONDS:.0f} s") from None
    return Outcome(process.returncode, stdout, stderr, time.monotonic() - began)


class Trial:
    """One run of the program, and what is to be said about it."""

    def __init__(self, case: Case, command: str, plan: Plan, directory: pathlib.Path) -> None:
        self._case = case
        self._command = command
        self._plan = plan
        self._directory = directory
        self.complaints: list[str] = []
        self.seconds = 0.0

    def run(self) -> None:
        """Serves, runs, judges."""
        arguments = API if self._command == "request" else ("token",)
        limit = self._case.waits or LIMIT_SECONDS
        with FaultServer(self._plan) as self._server:
            device = self._device(limit)
            try:
                outcome = run(device, arguments, limit)
            except Hang as hang:
                self.complaints.append(str(hang))
                return
            self.seconds = outcome.seconds
            self._judge(outcome)
            if self._case.latches and self._command == "token":
                self._judge_again(run(device, arguments, limit))

    def _device(self, limit: int) -> Device:
        device = Device(self._directory, self._server)
        port = self._server.port
        device.settings["server"]["url"] = f"https://{self._case.host}:{port}"
        if self._plan.behind_proxy:
            device.settings["server"]["proxy"] = f"http://localhost:{port}"
        device.settings["limits"] = {"timeout": str(limit), "connect_timeout": str(limit)}
        return device

    def _expect(self, fine: bool, complaint: str) -> None:
        if not fine:
            self.complaints.append(complaint)

    def _judge(self, outcome: Outcome) -> None:
        wanted = self._case.exits[self._command]
        said = outcome.stderr.decode(errors="replace")
        self._expect(outcome.code == wanted, f"exit {outcome.code} instead of {wanted}: {said!r}")
        if outcome.code == EXIT_DONE:
            self._expect(not said, f"says {said!r} of a success")
            self._expect(bool(outcome.stdout) or self._command == "request", "prints no token")
        else:
            self._judge_sentence(said)
            self._expect(not outcome.stdout or self._command == "request", "prints something")
        if self._command == "token":
            self._expect(self._case.says in said, f"does not say {self._case.says!r}: {said!r}")
        waited = outcome.seconds > self._case.waits - 0.2
        self._expect(waited, f"gave up after {outcome.seconds:.1f} s")
        self._expect(not any(trace in outcome.stdout + outcome.stderr for trace in TRACES),
                     "prints a secret")
        self._judge_what_came()

    def _judge_sentence(self, said: str) -> None:
        fine = said.endswith("\n") and said[:-1].isprintable() and len(said.split()) > 3
        self._expect(fine, f"is no sentence: {said[:2000]!r}")

    def _judge_what_came(self) -> None:
        """Nothing more than one request of a kind, and no secret where none is due."""
        with self._server.lock:
            connections = list(self._server.connections)
        self._expect(len(connections) <= 1, f"{len(connections)} connections")
        asked = sum(bytes(one.plaintext).count(TOKEN_PATH.encode()) for one in connections)
        self._expect(asked <= 1, f"asks {asked} times for a token")
        if self._case.gets_secrets:
            return
        self._expect(asked == 0, "asks for a token")
        received = self._server.received()
        self._expect(not any(trace in received for trace in TRACES), "a secret left the device")

    def _judge_again(self, outcome: Outcome) -> None:
        """Refused credentials are not sent again."""
        with self._server.lock:
            connections = len(self._server.connections)
        self._expect(outcome.code == EXIT_REFUSED, f"then ends with {outcome.code}")
        self._expect(connections == 1, "sends refused credentials again")


def judge(case: Case, command: str, pieces: str, seed: int, chains: pathlib.Path) -> Verdict:
    """Runs one case. Certificates are made in the directory `chains`."""
    with tempfile.TemporaryDirectory() as directory:
        plan = dataclasses.replace(
            case.plan(chains), pieces=case.pieces or pieces, seed=seed,
            api_only=command == "request",
        )
        trial = Trial(case, command, plan, pathlib.Path(directory))
        try:
            trial.run()
        except OSError as error:  # ssl.SSLError is one as well.
            trial.complaints.append(f"cannot be tried: {error}")
        return Verdict(case, command, plan.pieces, tuple(trial.complaints), trial.seconds)


def judge_all(
    cases: Iterable[Case], pieces: Sequence[str], seed: int, jobs: int
) -> Iterator[Verdict]:
    """Runs them beside each other. Of several kinds of pieces each case gets its own one."""
    def pieces_of(case: Case) -> str:
        return random.Random(f"{seed} {case.name}").choice(pieces)

    with contextlib.ExitStack() as stack:
        chains = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(jobs))
        wanted = [
            pool.submit(judge, case, command, pieces_of(case), seed, chains)
            for case in cases
            for command in case.exits
        ]
        for one in concurrent.futures.as_completed(wanted):
            yield one.result()


def select(cases: Sequence[Case], patterns: Sequence[str], every: int) -> list[Case]:
    """The cases of that name; of those of the sweep only one in so many."""
    chosen = [
        case for case in cases
        if not patterns or any(fnmatch.fnmatchcase(case.name, one) for one in patterns)
    ]
    sweep = [case for case in chosen if case.name.startswith("sweep/")]
    left_out = {case.name for n, case in enumerate(sweep) if n % every}
    return [case for case in chosen if case.name not in left_out]


def print_table(cases: Iterable[Case]) -> None:
    """For a person to read."""
    print(f"{'case':60} {'token':>5} {'request':>7}  says")
    for case in cases:
        codes = [str(case.exits.get(command, "")) for command in table.COMMANDS]
        print(f"{case.name:60} {codes[0]:>5} {codes[1]:>7}  {case.says}".rstrip())


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("pattern", nargs="*", help="names of cases, with * and ?; default: all")
    add("--list", action="store_true", help="print the names and run nothing")
    add("--table", action="store_true", help="print the table and run nothing")
    add("--pieces", choices=(*CUTS, "any", "all"), default="any",
        help="how answers are cut; any: in one way each, all: in all ways")
    add("--every", type=int, default=1, metavar="N", help="of the sweep, one case in N")
    add("--seed", type=int, default=1)
    add("--jobs", type=int, default=4 * (os.cpu_count() or 1))
    return parser.parse_args(arguments)


def main(rows: Sequence[Case]) -> int:
    """0: all is as the table says."""
    options = parse(sys.argv[1:])
    cases = select(rows, options.pattern, options.every)
    if not cases:
        print("no such case; --list prints them", file=sys.stderr)
        return 2
    if options.table or options.list:
        print_table(cases) if options.table else print(*(case.name for case in cases), sep="\n")
        return 0
    rounds = [[one] for one in CUTS] if options.pieces == "all" else [
        CUTS if options.pieces == "any" else [options.pieces]
    ]
    began, count, failed = time.monotonic(), 0, 0
    for verdict in itertools.chain.from_iterable(
        judge_all(cases, pieces, options.seed, options.jobs) for pieces in rounds
    ):
        count += 1
        if verdict.complaints:
            failed += 1
            print(verdict, flush=True)
    print(f"{len(cases)} cases, {count} runs, {failed} not as the table says,"
          f" {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(table.cases()))
