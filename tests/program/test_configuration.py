# SPDX-License-Identifier: Apache-2.0
"""Where settings and secrets may come from, and what is refused before any byte is sent."""

import base64
import os
import pathlib
import tempfile
import unittest

from harness import (
    CLIENT_SECRET,
    EXIT_REFUSED,
    EXIT_USAGE,
    PASSWORD,
    ProgramTest,
    chain,
)


class Sources(ProgramTest):
    """INI file, options, secret files, systemd credentials, environment."""

    def test_inline_secrets_of_the_file(self) -> None:
        self.device.settings["client"] = {
            "id": self.server.client_id, "secret": "inline/Secret+1==",
        }
        self.device.settings["grant"] = {
            "type": "password", "username": "Administrator", "password": "pässword%41&x",
        }
        self.server.client_secret, self.server.password = "inline/Secret+1==", "pässword%41&x"
        self.assert_done(self.device.run("token"))

    def test_inline_secret_is_taken_whole_or_refused(self) -> None:
        for secret in ("a#bcdef", "a ;bcdef", "a;bcdef", 'a"bcdef"', "a = b", "100%%d", "x" * 500):
            with self.subTest(secret=secret):
                device = self.new_device()
                del device.settings["client"]["secret_file"]
                device.settings["client"]["secret"] = secret
                self.server.client_secret = secret
                before = self.server.token_requests
                outcome = device.run("token")
                if outcome.code == EXIT_USAGE:
                    self.assertEqual(self.server.token_requests, before)
                else:
                    self.assert_done(outcome)

    def test_options_alone_are_enough(self) -> None:
        outcome = self.device.run(*self.device.options(), "token", configured=False)
        self.assert_done(outcome)

    def test_option_beats_the_file(self) -> None:
        for option, wrong, right in (
            ("server-url", "https://localhost:1", self.server.url),
            ("server-token-path", "/wrong", "/Connect/api/token"),
            ("server-ca-file", str(chain("rsa").ca_file), str(self.server.chain.ca_file)),
            ("client-id", "wrong", self.server.client_id),
            ("client-secret-file", self.device.write("wrong", "wrong-secret"),
             str(self.device.directory / "client-secret")),
            ("client-auth-encoding", "form", "plain"),
            ("grant-username", "wrong", self.server.username),
            ("grant-password-file", self.device.write("wrong", "wrong-password"),
             str(self.device.directory / "user-password")),
            ("limits-max-token", "100", "2000"),
        ):
            section, _, name = option.partition("-")
            with self.subTest(option=option):
                device = self.new_device()
                device.settings[section][name.replace("-", "_")] = wrong
                self.assertNotEqual(device.run("token").code, 0)
                self.server.failed_logins = 0
                self.assert_done(device.run(f"--{option}", right, "token"))

    def test_token_path_and_store_path_are_settable(self) -> None:
        self.server.token_path = "/Connect/token"
        self.device.settings["server"]["token_path"] = "/Connect/token"
        elsewhere = self.device.directory / "else" / "where"
        self.assert_done(self.device.run("--store-path", str(elsewhere), "token"))
        self.assertFalse(self.device.store.exists())
        self.assertTrue(elsewhere.is_dir())

    def test_systemd_credentials(self) -> None:
        credentials = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (credentials / "client_secret").write_text(CLIENT_SECRET, encoding="utf-8")
        (credentials / "password").write_text(PASSWORD, encoding="utf-8")
        del self.device.settings["client"]["secret_file"]
        del self.device.settings["grant"]["password_file"]
        self.device.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
        self.assert_done(self.device.run("token"))

    def test_code_from_systemd_credentials_and_from_the_environment(self) -> None:
        credentials = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (credentials / "code").write_text(self.server.add_code(), encoding="utf-8")
        for name, value in (
            ("CREDENTIALS_DIRECTORY", str(credentials)),
            ("CONNECT_AUTH_CODE", self.server.add_code()),
        ):
            with self.subTest(name):
                device = self.new_device()
                device.settings["grant"] = {"type": "authorization_code"}
                device.environment[name] = value
                self.assert_done(device.run("token"))

    def test_environment(self) -> None:
        del self.device.settings["client"]["secret_file"]
        del self.device.settings["grant"]["password_file"]
        self.device.environment |= {
            "CONNECT_AUTH_CLIENT_SECRET": CLIENT_SECRET, "CONNECT_AUTH_PASSWORD": PASSWORD,
        }
        self.assert_done(self.device.run("token"))

    def test_secrets_on_the_command_line_are_refused_and_not_repeated(self) -> None:
        planted = "planted-on-argv"
        for option in ("--client-secret", "--grant-password", "--grant-code"):
            for arguments in ((option, planted), (f"{option}={planted}",)):
                with self.subTest(arguments=arguments):
                    outcome = self.device.run(*arguments, "token")
                    self.assert_refused_before_connecting(outcome)
                    self.assertNotIn(planted.encode(), outcome.stderr)

    def test_form_encoding_of_the_client_credentials(self) -> None:
        self.server.basic_decoding = "form"
        self.device.settings["client"]["auth_encoding"] = "form"
        self.assert_done(self.device.run("token"))

        plain = self.new_device()
        self.assert_fails(plain.run("token"), EXIT_REFUSED, device=plain)
        self.assertEqual(self.server.token_requests, 2)  # the other form is never tried

    def test_backup_ca_is_enough(self) -> None:
        self.device.settings["server"] |= {
            "ca_file": str(chain("rsa").ca_file),
            "backup_ca_file": str(self.server.chain.ca_file),
        }
        self.assert_done(self.device.run("token"))


class SecretFiles(ProgramTest):
    """CFG-11: exactly one line end is stripped."""

    def test_one_line_end_is_stripped(self) -> None:
        for end in ("", "\n", "\r\n"):
            with self.subTest(end=end):
                device = self.new_device()
                device.use_client_secret(CLIENT_SECRET + end)
                device.use_password(self.server.username, PASSWORD + end)
                self.assert_done(device.run("token"))

    def test_more_line_ends_are_refused(self) -> None:
        for end in ("\n\n", "\r\n\r\n", "\n\r\n", "\r"):
            for change in ("secret", "password"):
                with self.subTest(end=end, change=change):
                    device = self.new_device()
                    if change == "secret":
                        device.use_client_secret(CLIENT_SECRET + end)
                    else:
                        device.use_password(self.server.username, PASSWORD + end)
                    self.assert_refused_before_connecting(device.run("token"), device)

    def test_blanks_belong_to_the_secret(self) -> None:
        self.server.client_secret, self.server.password = " secret ", "\tpassword "
        self.device.use_client_secret(" secret ")
        self.device.use_password(self.server.username, "\tpassword ")
        self.assert_done(self.device.run("token"))

    def test_unreadable_files_are_named(self) -> None:
        for section, name in (("client", "secret_file"), ("grant", "password_file"),
                              ("server", "ca_file")):
            with self.subTest(name=name):
                device = self.new_device()
                device.settings[section][name] = "/nonexistent/file"
                outcome = device.run("token")
                self.assert_refused_before_connecting(outcome, device, "/nonexistent/file")

    def test_oversized_secret_file_is_refused(self) -> None:
        self.device.use_client_secret("x" * 3_000_000)
        self.assert_refused_before_connecting(self.device.run("token"))


class Refused(ProgramTest):
    """CFG-01..10 of the vectors."""

    def refuse(
        self, section: str, name: str, value: str, by_option: bool = False
    ) -> None:
        """A setting with this value must be refused."""
        with self.subTest(section=section, name=name, value=value[:60]):
            device = self.new_device()
            arguments = ["token"]
            if by_option:
                device.settings[section].pop(name, None)
                arguments = [f"--{section}-{name.replace('_', '-')}={value}", "token"]
            else:
                device.settings[section][name] = value
            self.assert_refused_before_connecting(device.run(*arguments), device)

    def refuse_secret(self, secret: bytes) -> None:
        """A client secret file with this content must be refused, without repeating it."""
        with self.subTest(secret=secret):
            device = self.new_device()
            device.use_client_secret(secret)
            outcome = device.run("token")
            self.assert_refused_before_connecting(outcome, device)
            for part in filter(lambda part: len(part) > 3, secret.split()):
                self.assertNotIn(part, outcome.stderr)

    def refuse_password(self, password: bytes) -> None:
        """Likewise a user's password."""
        with self.subTest(password=password):
            device = self.new_device()
            device.use_password(self.server.username, password)
            outcome = device.run("token")
            self.assert_refused_before_connecting(outcome, device)
            self.assertNotIn(b"planted", outcome.stderr)

    def test_cfg_01_colon_in_the_id(self) -> None:
        self.refuse("client", "id", "client:id")

    def test_cfg_02_colon_in_the_secret(self) -> None:
        self.refuse_secret(b"planted:secret")

    def test_cfg_03_empty_id(self) -> None:
        self.refuse("client", "id", "")
        self.refuse("client", "id", "", by_option=True)

    def test_cfg_04_empty_secret(self) -> None:
        self.refuse_secret(b"")
        self.refuse_secret(b"\n")

    def test_cfg_05_control_characters_in_id_or_secret(self) -> None:
        for octet in (0x01, 0x09, 0x0A, 0x0D, 0x1F, 0x7F):
            self.refuse("client", "id", f"id{chr(octet)}x", by_option=True)
        for octet in (0x00, 0x01, 0x09, 0x0A, 0x0D, 0x1F, 0x7F):
            self.refuse_secret(b"planted" + bytes([octet]) + b"planted")

    def test_cfg_06_non_ascii_in_id_or_secret(self) -> None:
        self.refuse("client", "id", "clïent")
        self.refuse_secret("plänted".encode())
        self.refuse_secret(b"planted\xff")

    def test_cfg_07_forbidden_characters_in_username_or_password(self) -> None:
        for octets in (
            b"\x00", b"\n", b"\r", b"\x01", b"\x1b", b"\x7f", b"\xff", b"\xc3", b"\xc0\xaf",
            b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
        ):
            self.refuse_password(b"planted" + octets + b"planted")
        for octet in (0x01, 0x0A, 0x0D, 0x7F):
            self.refuse("grant", "username", f"user{chr(octet)}x", by_option=True)
        device = self.new_device()
        device.settings["grant"].pop("username")
        outcome = device.run(b"--grant-username=user\xc0\xaf", "token")
        self.assert_refused_before_connecting(outcome, device)

    def test_cfg_08_empty_username_password_or_code(self) -> None:
        self.refuse("grant", "username", "")
        self.refuse_password(b"")
        device = self.new_device()
        device.use_code("")
        self.assert_refused_before_connecting(device.run("token"), device)

    def test_cfg_08_missing_settings(self) -> None:
        for section, name in (("server", "url"), ("client", "id"), ("client", "secret_file"),
                              ("grant", "username"), ("grant", "password_file")):
            with self.subTest(name=name):
                device = self.new_device()
                del device.settings[section][name]
                self.assert_refused_before_connecting(device.run("token"), device)

    def test_cfg_09_urls(self) -> None:
        port = self.server.port
        for url in (
            f"http://localhost:{port}", f"HTTP://localhost:{port}", f"ftp://localhost:{port}",
            f"localhost:{port}", f"//localhost:{port}", f"https://user@localhost:{port}",
            f"https://user:planted@localhost:{port}", f"https://localhost:{port}#fragment",
            f"https://local host:{port}", f"https://localhost:{port}\r\nX: y",
            f"https://localhost:{port}\n", "https://localhost:0", "https://localhost:65536",
            f"https://localhost:{port + 65536}", "https://localhost:x", "https://", "https://:443",
            f"https://[::1:{port}", f"https://localhost:-{port}",
        ):
            self.refuse("server", "url", url, by_option=True)

    def test_cfg_09_token_paths(self) -> None:
        for path in ("", "Connect/api/token", "/a b", "/a#b", "/a\r\nX: y", "/ä",
                     "https://evil.example/token"):
            self.refuse("server", "token_path", path, by_option=True)

    def test_cfg_10_password_and_code(self) -> None:
        self.refuse("grant", "code_file", self.device.write("code", "planted-code"))

    def test_bad_values(self) -> None:
        for section, name, value in (
            ("grant", "type", "implicit"), ("client", "auth_encoding", "both"),
            ("limits", "timeout", "0"), ("limits", "timeout", "soon"), ("limits", "timeout", "-1"),
            ("limits", "connect_timeout", "99999999999999999999"), ("limits", "max_token", "0"),
            ("server", "pin", "sha256//short"), ("server", "ca_file", "/dev/null"),
            ("server", "ca_file", os.devnull + "/x"),
        ):
            self.refuse(section, name, value)

    def test_file_that_is_no_certificate(self) -> None:
        path = self.device.write("rubbish.pem", "-----BEGIN CERTIFICATE-----\nrubbish\n")
        self.refuse("server", "ca_file", path)

    def test_file_that_is_no_ini(self) -> None:
        for text in ("[server\nurl = x\n", "no section\n", "\x00\x01\x02"):
            with self.subTest(text=text):
                path = self.device.write("broken.ini", text)
                outcome = self.device.run("--config", path, "token", configured=False)
                self.assert_refused_before_connecting(outcome)


class NotRefused(ProgramTest):
    """The borders of the rules above, from inside."""

    def test_every_allowed_character_of_id_and_secret(self) -> None:
        allowed = "".join(map(chr, range(0x20, 0x7F))).replace(":", "")
        self.server.client_id = self.server.client_secret = allowed
        self.device.settings["client"].pop("id")
        self.device.use_client_secret(allowed)
        self.assert_done(self.device.run(f"--client-id={allowed}", "token"))
        sent = self.server.requests[0].field("Authorization").removeprefix("Basic ")
        self.assertEqual(base64.b64decode(sent).decode(), f"{allowed}:{allowed}")


if __name__ == "__main__":
    unittest.main()
