# SPDX-License-Identifier: Apache-2.0
"""`request --data`: content that passes through the program, and servers that do not take it all."""

import contextlib
import pathlib
import re
import time
import unittest

from harness import EXIT_DONE, EXIT_REFUSED, ProgramTest, finish, wait_until
from oauth_server import Canned, large_body

DEVICES = "/Connect/api/devices"


class Uploads(ProgramTest):
    """Files and pipes, small and large."""

    def test_data_of_any_size_arrives_whole(self) -> None:
        for size in (65535, 65536, 65537, 3_000_000):
            data = b"".join(large_body(size))
            file = self.device.write("data.bin", data)
            for argument, stdin in ((file, b""), ("-", data)):
                with self.subTest(size=size, argument=argument):
                    outcome = self.device.run(
                        "request", "POST", DEVICES, "--data", argument, stdin=stdin
                    )
                    self.assert_done(outcome)
                    last = self.server.requests[-1]
                    self.assertTrue(last.body == data and outcome.stdout == data)
                    known = argument == file or size < 65536
                    self.assertEqual(last.field("Content-Length"), str(size) if known else None)
                    self.assertEqual(
                        last.field("Transfer-Encoding"), None if known else "chunked"
                    )

    def test_standard_input_that_is_a_file_is_sent_from_where_it_stands(self) -> None:
        data = b"".join(large_body(200_000))
        file = self.device.write("data.bin", b"passed over\n" + data)
        script = 'f=$1; shift; { read -r _; exec "$@"; } <"$f"'
        self.device.prefix = ["/bin/sh", "-c", script, "-", file]
        outcome = self.device.run("request", "POST", DEVICES, "--data", "-")
        self.assert_done(outcome)
        last = self.server.requests[-1]
        self.assertTrue(last.body == data)
        self.assertEqual(last.field("Content-Length"), str(len(data)))

    def test_data_from_a_pipe_is_passed_on_while_it_comes(self) -> None:
        self.device.run("token")
        data = b"".join(large_body(3_000_000))
        process = self.device.start("request", "POST", DEVICES, "--data", "-")
        process.stdin.write(data[:1_000_000])
        process.stdin.flush()
        self.assertTrue(wait_until(
            lambda: len(self.server.connections[-1].plaintext) > 900_000
        ))
        self.assertEqual(len(self.server.requests), 1, "that is the token's")
        outcome = finish(process, data[1_000_000:])
        self.assert_done(outcome)
        self.assertTrue(outcome.stdout == data)

    def test_large_data_is_not_held_in_memory(self) -> None:
        self.device.run("token")
        file = self.device.write("data.bin", b"".join(large_body(60_000_000)))
        process = self.device.start("request", "PUT", "/Connect/api/status/200", "--data", file)
        process.stdin.close()
        peak = 0
        status = pathlib.Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            with contextlib.suppress(OSError):
                found = re.search(r"VmRSS:\s*(\d+) kB", status.read_text(encoding="ascii"))
                peak = max(peak, int(found[1])) if found else peak
            time.sleep(0.01)
        self.assertEqual((process.returncode, process.stderr.read()), (EXIT_DONE, b""))
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(len(self.server.requests[-1].body), 60_000_000)
        self.assertTrue(0 < peak < 50_000, peak)

    def test_answer_before_the_data_was_taken_is_shown(self) -> None:
        self.device.run("token")
        data = b"".join(large_body(20_000_000))
        file = self.device.write("data.bin", data)
        answer = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
        for argument, stdin in ((file, b""), ("-", data)):
            with self.subTest(argument=argument):
                self.server.early_answers.append(Canned(answer))
                outcome = self.device.run(
                    "request", "POST", DEVICES, "--data", argument, stdin=stdin
                )
                self.assertEqual((outcome.code, outcome.stdout), (EXIT_REFUSED, b"too large"))
                self.assert_sentence(outcome.stderr)
                self.assertIn("413", outcome.stderr.decode())
                self.assertLess(outcome.seconds, 20)

    def test_early_401_is_answered_with_a_new_token_and_the_data_once_more(self) -> None:
        self.device.run("token")
        self.device.go_on_later(20)
        data = b"".join(large_body(5_000_000))
        file = self.device.write("data.bin", data)
        answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
        self.server.early_answers.append(Canned(answer))
        outcome = self.device.run("request", "POST", DEVICES, "--data", file)
        self.assert_done(outcome)
        self.assertTrue(outcome.stdout == data)
        self.assertEqual((self.server.token_requests, self.server.api_writes), (2, 1))

    def test_401_of_data_that_cannot_be_sent_twice_leaves_a_new_token_for_the_next_call(self) -> None:
        self.device.run("token")
        self.device.go_on_later(20)
        self.server.revoke_all_tokens()
        data = b"".join(large_body(1_000_000))
        arguments = ("request", "POST", DEVICES, "--data", "-")
        outcome = self.device.run(*arguments, stdin=data)
        self.assertEqual(outcome.code, EXIT_REFUSED, outcome)
        self.assert_sentence(outcome.stderr)
        self.assertIn("call again", outcome.stderr.decode())
        self.assertEqual((self.server.token_requests, self.server.api_writes), (2, 0))
        self.assert_done(self.device.run(*arguments, stdin=data))


if __name__ == "__main__":
    unittest.main()
