# SPDX-License-Identifier: Apache-2.0
"""Eight tasks share an agent: one request at a time, however many want a token, refuse it and ask."""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "server")]

import certificates
from oauth_server import OAuthServer

OK = "0"
PENDING = "1"
INVALID_ARGUMENT = "2"
FAILED_PRECONDITION = "3"
BUFFER_TOO_SMALL = "4"
TIMEOUT = "7"
TASKS = 8
BEFORE_HAMMER = 6
ROUNDS = 30


class Server(OAuthServer):
    """One that takes its time where the tasks do something meanwhile, and hurries while they hammer."""

    @property
    def response_delay(self) -> float:
        return 1.0 if self.token_requests <= BEFORE_HAMMER else 0.05

    @response_delay.setter
    def response_delay(self, _: float) -> None:
        pass


class SharedAgent(unittest.TestCase):
    """One run, with all the situations."""

    maxDiff = None

    def setUp(self) -> None:
        directory = os.environ.get("CONNECT_AUTH_TEST_CERTIFICATES") or self.enterContext(
            tempfile.TemporaryDirectory())
        self.server = self.enterContext(Server(certificates.make_chain(directory, "ecdsa")))
        self.server.token_length = 64

    def test_each_situation_makes_one_request(self) -> None:
        program = os.environ["CONNECT_AUTH_SHARED_AGENT"]
        # Otherwise the C library uses 3 KB of stack to count processors, and some to find functions.
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1", "LD_BIND_NOW": "1"}
        run = subprocess.run(
            [program, str(self.server.port), str(self.server.chain.ca_file)],
            capture_output=True, timeout=100, check=False, env=environment,
        )
        self.assertEqual((run.returncode, run.stderr.decode()), (0, ""))
        found = collections.defaultdict(collections.Counter)
        hammered = set()
        for line in run.stdout.decode().splitlines():
            situation, *outcome = line.split()
            if situation == "hammer":
                hammered.add(tuple(outcome))
            else:
                found[situation][tuple(outcome)] += 1

        [stack] = found.pop("stack")
        print("octets of stack, of the agent's task and of one that asks it:", *stack)
        for used, most in zip(stack, os.environ.get("CONNECT_AUTH_STACK_LIMITS", "").split()):
            self.assertLessEqual(int(used), int(most))
        tokens = self.server.tokens_issued
        self.assertEqual(len(tokens), BEFORE_HAMMER + ROUNDS + 1)
        self.assertEqual(self.server.token_requests, BEFORE_HAMMER + ROUNDS + 1)
        self.assertEqual(found, {
            "not_started": {(FAILED_PRECONDITION, INVALID_ARGUMENT): 1},
            "start": {(OK, tokens[0]): TASKS},
            "again": {(OK, tokens[0]): TASKS},
            "expiry": {(OK, tokens[1]): TASKS},
            "rejected": {(OK, tokens[2]): TASKS},
            "rejected_late": {(OK, tokens[2]): TASKS},
            "some_impatient": {(TIMEOUT,): TASKS // 2, (OK, tokens[3]): TASKS // 2},
            "all_impatient": {(TIMEOUT,): TASKS},
            "gone_on_with": {(OK, tokens[4]): TASKS},
            "asked": {(PENDING,): 1},
            "meanwhile": {(INVALID_ARGUMENT, "1"): 1},
            "renewal": {(OK, tokens[5]): 1},
            "too_small": {(BUFFER_TOO_SMALL,): 1},
        })
        self.assertLessEqual(hammered, {
            (OK, str(generation), token) for generation, token in enumerate(tokens, 1)})
        self.assertGreaterEqual(len(hammered), ROUNDS)


if __name__ == "__main__":
    unittest.main()
