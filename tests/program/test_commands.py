# SPDX-License-Identifier: Apache-2.0
"""Each command of connect-auth when all is well, and the store behind them."""

import hashlib
import json
import os
import stat
import unittest

from harness import (
    EXIT_DONE,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    EXIT_UNTRUSTED,
    EXIT_USAGE,
    ProgramTest,
)
from oauth_server import Canned, Ending, large_body

DEVICES = "/Connect/api/devices"


class Token(ProgramTest):
    """`token` and `header`, and when they ask the server."""

    def test_token_is_printed_with_a_newline_and_nothing_else(self) -> None:
        outcome = self.device.run("token")

        self.assert_done(outcome)
        self.assertEqual(outcome.stdout.decode(), self.server.tokens_issued[0] + "\n")

    def test_second_token_comes_from_the_store_without_a_connection(self) -> None:
        first = self.device.run("token")
        second = self.device.run("token")

        self.assert_done(second)
        self.assertEqual(first.stdout, second.stdout)
        self.assertEqual(self.server.count_connections(), 1)

    def test_header_is_a_ready_line_with_the_stored_token(self) -> None:
        token = self.device.run("token").token

        outcome = self.device.run("header")

        self.assert_done(outcome)
        self.assertEqual(outcome.stdout.decode(), f"Authorization: Bearer {token}\n")
        self.assertEqual(self.server.count_connections(), 1)

    def test_header_asks_when_nothing_is_stored(self) -> None:
        outcome = self.device.run("header")

        self.assert_done(outcome)
        expected = f"Authorization: Bearer {self.server.tokens_issued[0]}\n"
        self.assertEqual(outcome.stdout.decode(), expected)

    def test_force_asks_although_the_stored_token_is_good(self) -> None:
        first = self.device.run("token").token
        forced = self.device.run("token", "--force")
        third = self.device.run("token")

        self.assert_done(forced)
        self.assertEqual(self.server.tokens_issued, [first, forced.token])
        self.assertEqual(third.token, forced.token)

    def test_next_process_resumes_the_tls_session(self) -> None:
        for command in (["token"], ["token", "--force"], ["request", "GET", DEVICES]):
            self.assert_done(self.device.run(*command))
        self.assertTrue(self.server.settle())
        resumed = [connection.resumed for connection in self.server.connections]
        self.assertEqual(resumed, [False, True, True])

        self.assert_done(self.device.run("logout"))
        self.assert_done(self.device.run("token"))
        self.assertTrue(self.server.settle())
        self.assertFalse(self.server.connections[-1].resumed)

    def test_min_valid_decides_whether_the_stored_token_will_do(self) -> None:
        self.server.lifetime = 500
        first = self.device.run("token").token
        self.server.lifetime = 3600
        self.device.go_on_later(20)  # What just came is the best to be had.

        enough = self.device.run("token", "--min-valid", "300")
        longer = self.device.run("token", "--min-valid", "1000")

        self.assert_done(enough)
        self.assertEqual(enough.token, first)
        self.assert_done(longer)
        self.assertEqual(self.server.tokens_issued, [first, longer.token])

    def test_min_valid_beyond_every_lifetime_asks_once_and_does_not_loop(self) -> None:
        self.server.lifetime = 100
        self.device.run("token", "--min-valid", "1000")
        self.assertEqual(self.server.token_requests, 1)

    def test_expired_token_is_replaced(self) -> None:
        self.server.lifetime = 1
        first = self.device.run("token").token
        self.server.lifetime = 3600
        self.device.go_on_later(20)

        second = self.device.run("token")

        self.assert_done(second)
        self.assertEqual(self.server.tokens_issued, [first, second.token])

    def test_token_without_expires_in_lives_for_default_lifetime(self) -> None:
        self.server.lifetime = None
        self.device.settings["limits"]["default_lifetime"] = "1000"

        first = self.device.run("token").token
        self.device.go_on_later(20)
        reused = self.device.run("token", "--min-valid", "800").token
        renewed = self.device.run("token", "--min-valid", "1200").token

        self.assertEqual(first, reused)
        self.assertNotEqual(first, renewed)

    def test_renewal_margin_beyond_the_lifetime_is_clamped(self) -> None:  # CFG-12
        self.server.lifetime = 100
        self.device.settings["limits"]["renewal_margin"] = "600"

        tokens = {self.device.run("token").token for _ in range(3)}

        self.assertEqual(len(tokens), 1)
        self.assertEqual(self.server.token_requests, 1)

    def test_every_tls_version_and_chain(self) -> None:
        for kind in ("rsa", "ecdsa"):
            for tls, version in (("1.2", "TLSv1.2"), ("1.3", "TLSv1.3"), ("any", "TLSv1.3")):
                with self.subTest(kind=kind, tls=tls):
                    server = self.new_server(kind, tls)
                    self.assert_done(self.new_device(server).run("token"))
                    connection = server.connections[0]
                    self.assertEqual(connection.tls_version, version)
                    self.assertEqual((connection.sni, connection.alpn), ("localhost", "http/1.1"))

    def test_addresses_instead_of_names(self) -> None:
        for host in ("127.0.0.1", "[::1]"):
            with self.subTest(host=host):
                if host == "[::1]" and not os.path.exists("/proc/net/if_inet6"):
                    self.skipTest("this machine has no IPv6")
                server = self.new_server()
                device = self.new_device(server)
                device.settings["server"]["url"] = f"https://{host}:{server.port}"
                self.assert_done(device.run("token"))
                self.assertEqual(server.requests[0].field("Host"), f"{host}:{server.port}")
                self.assertIsNone(server.connections[0].sni)  # RFC 6066: names only

    def test_full_output_device_is_an_error(self) -> None:
        self.device.write_configuration()
        self.device.prefix = ["/bin/sh", "-c", '"$0" "$@" >/dev/full']
        outcome = self.device.run("token")
        self.assert_fails(outcome, 1)


class Store(ProgramTest):
    """What lies on the disk."""

    def test_store_is_private_whatever_the_umask(self) -> None:
        self.device.prefix = ["/bin/sh", "-c", 'umask 000; exec "$0" "$@"']
        self.assert_done(self.device.run("token"))

        self.assertEqual(stat.S_IMODE(self.device.store.stat().st_mode), 0o700)
        files = self.device.stored_files()
        self.assertNotEqual(files, [])
        for file in files:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)

    def test_store_holds_no_secret_in_the_clear(self) -> None:
        self.device.run("token")
        stored = b"\n".join(file.read_bytes() for file in self.device.stored_files())
        self.assert_no_secret(stored, self.secrets_of(self.device))

    def test_corrupted_store_leads_to_one_new_request(self) -> None:
        damages = {
            "flipped bit": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
            "flipped first bit": lambda data: bytes([data[0] ^ 0x80]) + data[1:],
            "empty": lambda _: b"",
            "cut": lambda data: data[: len(data) // 2],
            "garbage": lambda data: os.urandom(len(data)),
            "far too long": lambda data: data + bytes(1_000_000),
        }
        for name, damage in damages.items():
            with self.subTest(name):
                self.device.run("token", "--force")
                before = self.server.token_requests
                for file in self.device.stored_files():
                    file.write_bytes(damage(file.read_bytes()))

                outcome = self.device.run("token")

                self.assertEqual(outcome.code, EXIT_DONE, outcome)
                self.assertEqual(outcome.token, self.server.tokens_issued[-1])
                self.assertEqual(self.server.token_requests, before + 1)
                self.assertEqual(self.device.run("token").token, outcome.token)
                self.assertEqual(self.server.token_requests, before + 1)

    def test_token_of_another_identity_is_not_used(self) -> None:
        first = self.device.run("token").token
        self.server.client_id = self.device.settings["client"]["id"] = "another-client"
        second = self.device.run("token")
        self.assert_done(second)
        self.server.username = self.device.settings["grant"]["username"] = "another user"
        third = self.device.run("token")
        self.assert_done(third)
        self.assertEqual(len({first, second.token, third.token}), 3)

    def test_token_under_another_key_is_not_used(self) -> None:
        first = self.device.run("token").token
        self.device.write("key", os.urandom(32))
        second = self.device.run("token")
        self.assertEqual(second.code, EXIT_DONE, second)
        self.assertNotEqual(first, second.token)

    def test_key_is_made_at_first_use_and_private(self) -> None:
        for place in ("key_file", "default"):
            with self.subTest(place=place):
                device = self.new_device()
                (device.directory / "key").unlink()
                if place == "default":
                    del device.settings["store"]["key_file"]
                device.prefix = ["/bin/sh", "-c", 'umask 000; exec "$0" "$@"']
                first, second = device.run("token"), device.run("token")
                self.assert_done(first)
                self.assertEqual(first.stdout, second.stdout)
                key = device.store / "key" if place == "default" else device.directory / "key"
                self.assertEqual(key.stat().st_size, 32)
                self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)

    def test_logout_wipes_the_token(self) -> None:
        self.device.run("token")
        outcome = self.device.run("logout")
        self.assertEqual(outcome.code, EXIT_DONE, outcome)
        self.assertEqual(self.server.count_connections(), 1)

        self.device.run("token")

        self.assertEqual(self.server.token_requests, 2)

    def test_logout_without_a_token_is_fine(self) -> None:
        self.assertEqual(self.device.run("logout").code, EXIT_DONE)


class Request(ProgramTest):
    """`request`: the API behind the token."""

    def test_get_writes_the_body_and_nothing_else(self) -> None:
        outcome = self.device.run("request", "GET", DEVICES)

        self.assert_done(outcome)
        self.assertEqual(len(json.loads(outcome.stdout)), 3)
        last = self.server.requests[-1]
        self.assertEqual((last.method, last.target), ("GET", DEVICES))
        self.assertEqual(last.field("Authorization"), f"Bearer {self.server.tokens_issued[0]}")
        self.assertEqual(last.count("Authorization"), 1)

    def test_stored_token_is_used(self) -> None:
        self.device.run("token")
        self.device.run("request", "GET", DEVICES)
        self.device.run("request", "GET", DEVICES + "/2?x=y")
        self.assertEqual(self.server.token_requests, 1)
        self.assertEqual(self.server.requests[-1].target, DEVICES + "/2?x=y")

    def test_data_from_a_file_and_from_standard_input(self) -> None:
        data = bytes(range(256)) * 8
        file = self.device.write("data.bin", data)
        for method, argument, stdin in (("POST", file, b""), ("PUT", "-", data)):
            with self.subTest(argument=argument):
                outcome = self.device.run(
                    "request", method, DEVICES, "--data", argument,
                    "--content-type", "application/x-test", stdin=stdin,
                )
                self.assert_done(outcome)
                self.assertEqual(outcome.stdout, data)
                last = self.server.requests[-1]
                self.assertEqual((last.method, last.body), (method, data))
                self.assertEqual(last.field("Content-Type"), "application/x-test")
        self.assertEqual(self.server.api_writes, 2)

    def test_empty_data_is_a_body_of_no_length(self) -> None:
        outcome = self.device.run("request", "POST", DEVICES, "--data", "-")
        self.assert_done(outcome)
        self.assertEqual(self.server.requests[-1].field("Content-Length"), "0")

    def test_include_writes_the_head_too(self) -> None:
        outcome = self.device.run("request", "GET", DEVICES, "-i")
        self.assert_done(outcome)
        head, _, body = outcome.stdout.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertIn(b"content-type: application/json", head.lower())
        self.assertEqual(len(json.loads(body)), 3)

    def test_delete_and_head_have_no_body(self) -> None:
        for method in ("DELETE", "HEAD"):
            with self.subTest(method):
                outcome = self.device.run("request", method, DEVICES + "/1")
                self.assert_done(outcome)
                self.assertEqual(outcome.stdout, b"")

    def test_large_body_arrives_whole_and_is_streamed(self) -> None:
        # More than the system's buffers hold; an emulator takes long for it.
        count = 15_000_000 if os.environ.get("CONNECT_AUTH_EMULATED") else 50_000_000
        process = self.device.start("request", "GET", f"/Connect/api/large?bytes={count}")
        process.stdin.close()
        digest = hashlib.sha256(process.stdout.read(100_000))
        # A program that collected the body first would have had to receive all of it by now;
        # one that streams waits for us, and the server for it.
        early = self.server.requests[-1].answered
        size = 100_000
        while part := process.stdout.read(1 << 20):
            digest.update(part)
            size += len(part)
        stderr = process.stderr.read()
        self.assertEqual((process.wait(), stderr), (EXIT_DONE, b""))
        process.stdout.close()
        process.stderr.close()

        expected = hashlib.sha256()
        for part in large_body(count):
            expected.update(part)
        self.assertEqual((size, digest.digest()), (count, expected.digest()))
        self.assertFalse(early, "the body was collected before it was written")

    def test_revoked_token_is_replaced_and_the_call_repeated_once(self) -> None:
        self.device.run("token")
        self.server.revoke_all_tokens()
        self.device.go_on_later(20)

        outcome = self.device.run("request", "POST", DEVICES, "--data", "-", stdin=b"once")

        self.assert_done(outcome)
        self.assertEqual(outcome.stdout, b"once")
        self.assertEqual(self.server.token_requests, 2)
        calls = [one.status for one in self.server.requests if one.path == DEVICES]
        self.assertEqual(calls, [401, 201])
        self.assertEqual(self.server.api_writes, 1)

    def test_token_that_just_came_is_not_replaced(self) -> None:
        for _ in range(3):
            outcome = self.device.run("request", "GET", "/Connect/api/status/401")
            self.assertEqual(outcome.code, EXIT_REFUSED, outcome)
            self.assertIn(b"Status 401.", outcome.stdout)
        self.assertEqual(self.server.token_requests, 1)
        self.assertEqual(len(self.server.requests), 4)

    def test_lasting_401_is_refused_after_one_renewal(self) -> None:
        self.device.run("token")
        self.device.go_on_later(20)

        outcome = self.device.run("request", "GET", "/Connect/api/status/401", "-i")

        self.assertEqual(outcome.code, EXIT_REFUSED, outcome)
        self.assertEqual(outcome.stdout.count(b"HTTP/1.1 401"), 1)
        self.assertEqual(self.server.token_requests, 2)
        calls = [one for one in self.server.requests if one.path.endswith("/401")]
        self.assertEqual(len(calls), 2)

    def test_other_api_errors_have_their_exit_codes(self) -> None:
        for status, code in ((403, EXIT_REFUSED), (404, EXIT_REFUSED), (422, EXIT_REFUSED),
                             (500, EXIT_UNREACHABLE), (503, EXIT_UNREACHABLE)):
            with self.subTest(status=status):
                outcome = self.device.run("request", "GET", f"/Connect/api/status/{status}")
                self.assertEqual(outcome.code, code, outcome)
                self.assert_sentence(outcome.stderr)
                self.assert_no_secret(outcome.stderr, self.secrets_of(self.device))
        self.assertEqual(self.server.token_requests, 1)

    def test_only_the_own_origin_is_called(self) -> None:
        other = self.new_server()
        for target in (f"{other.url}{DEVICES}", f"//localhost:{other.port}{DEVICES}",
                       "Connect/api/devices", "@evil.example/", "", "/a b", "/a\r\nX: y"):
            with self.subTest(target=target):
                outcome = self.device.run("request", "GET", target)
                if target.startswith("//"):  # a path, if an odd one: fine, but of our own server
                    self.assertNotEqual(outcome.code, EXIT_DONE)
                else:
                    self.assert_fails(outcome, EXIT_USAGE)
        self.assertEqual(other.count_connections(), 0)

    def test_redirect_of_the_api_is_not_followed(self) -> None:
        other = self.new_server()
        self.device.run("token")
        location = f"{other.url}{DEVICES}".encode()
        self.server.next_responses.append(Canned(
            b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        ))
        outcome = self.device.run("request", "GET", DEVICES)
        self.assertNotEqual(outcome.code, EXIT_DONE)
        self.assertEqual(other.count_connections(), 0)

    def test_truncated_answer_is_an_error(self) -> None:
        self.device.run("token")
        for ending in (Ending.CLOSE_NOTIFY, Ending.ABRUPT):
            with self.subTest(ending=ending):
                self.server.next_responses.append(
                    Canned(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", ending)
                )
                outcome = self.device.run("request", "GET", DEVICES)
                self.assertNotEqual(outcome.code, EXIT_DONE)
                self.assert_sentence(outcome.stderr)

    def test_bad_method_and_header_injection_are_refused(self) -> None:
        for arguments in (
            ("G ET", DEVICES), ("GET\r\nX: y", DEVICES), ("", DEVICES),
            ("POST", DEVICES, "--data", "-", "--content-type", "a/b\r\nX: y"),
        ):
            with self.subTest(arguments=arguments):
                outcome = self.device.run("request", *arguments)
                self.assert_refused_before_connecting(outcome)


class Status(ProgramTest):
    """`status` and `doctor`."""

    def test_status_tells_without_a_secret_and_without_a_connection(self) -> None:
        before = self.device.run("status")
        self.device.run("token")
        after = self.device.run("status")

        self.assertEqual(after.code, EXIT_DONE, after)
        self.assertNotEqual(before.stdout, after.stdout)
        for outcome in (before, after):
            self.assertNotEqual(outcome.stdout, b"")
            self.assert_no_secret(outcome.stdout + outcome.stderr, self.secrets_of(self.device))
        self.assertEqual(self.server.count_connections(), 1)

    def test_status_json_is_an_object_without_a_secret(self) -> None:
        before = self.device.run("status", "--json")
        self.device.run("token")
        after = self.device.run("status", "--json")

        self.assertEqual(after.code, EXIT_DONE, after)
        self.assertNotEqual(json.loads(before.stdout), json.loads(after.stdout))
        self.assertIsInstance(json.loads(after.stdout), dict)
        self.assert_no_secret(before.stdout + after.stdout, self.secrets_of(self.device))

    def test_doctor_finds_nothing_wrong(self) -> None:
        outcome = self.device.run("doctor")

        self.assertEqual(outcome.code, EXIT_DONE, outcome)
        lines = outcome.stdout.decode().splitlines()
        self.assertGreaterEqual(len([line for line in lines if line.strip()]), 6, outcome)
        self.assert_no_secret(outcome.stdout + outcome.stderr, self.secrets_of(self.device))

    def test_doctor_finds_what_is_wrong(self) -> None:
        bad = {kind: self.new_server(kind) for kind in ("untrusted", "expired", "wrong_host")}
        for kind, server in bad.items():
            with self.subTest(kind):
                device = self.new_device(server)
                outcome = device.run("doctor")
                self.assertEqual(outcome.code, EXIT_UNTRUSTED, outcome)
                self.assertNotEqual(outcome.stdout, b"")
                self.assert_no_secret(outcome.stdout + outcome.stderr, self.secrets_of(device))
                self.assert_nothing_sent(server, device=device)

    def test_doctor_names_the_wrong_path(self) -> None:
        self.device.settings["server"]["token_path"] = "/Connect/token"
        outcome = self.device.run("doctor")
        self.assertEqual(outcome.code, EXIT_REFUSED, outcome)
        self.assertIn(b"/Connect/token", outcome.stdout + outcome.stderr)

    def test_doctor_with_a_server_that_is_down(self) -> None:
        self.server.stop()
        outcome = self.device.run("doctor")
        self.assertEqual(outcome.code, EXIT_UNREACHABLE, outcome)


class Usage(ProgramTest):
    """The command line itself."""

    def test_help_and_version(self) -> None:
        usage = self.device.run("--help", configured=False)
        self.assert_done(usage)
        for word in (b"token", b"header", b"request", b"status", b"logout", b"doctor", b"code",
                     b"--config"):
            self.assertIn(word, usage.stdout)
        version = self.device.run("--version", configured=False)
        self.assert_done(version)
        self.assertRegex(version.stdout.decode(), r"\d+\.\d+")

    def test_bad_usage(self) -> None:
        for arguments in (
            (), ("tokens",), ("token", "--frobnicate"), ("token", "extra"),
            ("token", "--min-valid"), ("token", "--min-valid", "soon"),
            ("token", "--min-valid", "-1"), ("request",), ("request", "GET"),
            ("request", "GET", DEVICES, "extra"), ("status", "--xml"), ("code",),
            ("status", "--retry-refused"), ("logout", "--retry-refused"),
            ("request", "POST", DEVICES, "--data", "/nonexistent/file"),
        ):
            with self.subTest(arguments=arguments):
                self.assert_refused_before_connecting(self.device.run(*arguments))

    def test_missing_configuration_file_is_named(self) -> None:
        outcome = self.device.run("--config", "/nonexistent/x.ini", "token", configured=False)
        self.assert_refused_before_connecting(outcome, mentions="/nonexistent/x.ini")


if __name__ == "__main__":
    unittest.main()
