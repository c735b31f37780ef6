# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS: a server that wants a certificate of the client, and what the program shows it."""

import pathlib
import signal
import subprocess
import unittest

from harness import (
    EXIT_REFUSED,
    EXIT_UNTRUSTED,
    EXIT_USAGE,
    Device,
    Outcome,
    ProgramTest,
    certificate_directory,
    client_chain as client,
    wait_until,
)
from service import ServiceTest

API = ("request", "GET", "/Connect/api/devices")


def openssl(*arguments: str | pathlib.Path) -> None:
    """Runs openssl(1)."""
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class CertificateTest(ServiceTest):
    """A server that lets nobody in without a certificate of its CA, and a device that has one."""

    def setUp(self) -> None:
        super().setUp()
        self.server.require_client_certificates(client().ca_file)
        self.show()

    def show(self, kind: str = "ecdsa", device: Device | None = None) -> None:
        """Configures a certificate, and a copy of its key that nobody else may read."""
        device = device or self.device
        key = device.write("tls.key", client(kind).key_file.read_bytes())
        device.settings["client"] |= {
            "tls_certificate_file": str(client(kind).chain_file), "tls_key_file": key,
        }

    def secrets_of(self, device: Device) -> list[str]:
        """The key as well, each line of it."""
        lines = client().key_file.read_text().splitlines()[1:-1]
        return super().secrets_of(device) + lines

    def assert_untrusted(self, outcome: Outcome, mentions: str) -> None:
        """Code 6, and nothing for which an account could be locked."""
        self.assert_fails(outcome, EXIT_UNTRUSTED, mentions=mentions)
        self.assertEqual((self.server.token_requests, self.server.failed_logins), (0, 0))


class Shown:
    """For each version of TLS."""

    def test_token_comes_over_a_connection_with_the_certificate(self) -> None:
        outcome = self.device.run("token")
        self.assert_done(outcome)
        self.assertEqual(outcome.token, self.server.tokens_issued[0])
        connection, = self.server.connections
        self.assertEqual(connection.client, "connect-auth test client-ecdsa-client")

    def test_keys_of_each_kind(self) -> None:
        for kind in ("rsa", "ecdsa384"):
            with self.subTest(kind=kind):
                self.server.require_client_certificates(client(kind).ca_file)
                self.show(kind)
                self.assert_done(self.device.run("token", "--force"))
                shown = self.server.connections[-1].client
                self.assertEqual(shown, f"connect-auth test client-{kind}-client")

    def test_without_a_certificate_the_server_is_named_and_what_it_wants(self) -> None:
        for name in ("tls_certificate_file", "tls_key_file"):
            del self.device.settings["client"][name]
        self.assert_untrusted(self.device.run("token"), "wants a client certificate; set tls_cert")

    def test_certificate_of_another_ca(self) -> None:
        self.show("untrusted")
        self.assert_untrusted(self.device.run("token"), "does not accept the client certificate in")

    def test_certificate_that_has_expired(self) -> None:
        self.show("expired")
        self.assert_untrusted(self.device.run("token"), "client-expired-chain.pem has expired")

    def test_refused_certificate_is_no_refusal_of_the_credentials(self) -> None:
        self.show("untrusted")
        self.assert_untrusted(self.device.run("token"), "does not accept")
        self.show()
        self.assert_done(self.device.run("token"))

    def test_session_is_resumed_with_the_same_certificate_only(self) -> None:
        self.assert_done(self.device.run("token"))
        self.assert_done(self.device.run("token", "--force"))
        self.assertEqual([one.resumed for one in self.server.connections], [False, True])
        self.assertEqual(self.server.connections[1].client, "connect-auth test client-ecdsa-client")
        self.show("ecdsa384")
        self.assert_done(self.device.run("token", "--force"))
        self.assertFalse(self.server.connections[2].resumed)
        self.assertEqual(self.server.connections[2].client,
                         "connect-auth test client-ecdsa384-client")
        for name in ("tls_certificate_file", "tls_key_file"):
            del self.device.settings["client"][name]
        self.assert_fails(self.device.run("token", "--force"), EXIT_UNTRUSTED)

    def test_api_is_called_with_the_certificate(self) -> None:
        self.assert_done(self.device.run(*API))
        self.assertEqual({one.client for one in self.server.connections},
                         {"connect-auth test client-ecdsa-client"})

    def test_doctor_tells(self) -> None:
        outcome = self.device.run("doctor")
        self.assert_done(outcome)
        self.assertRegex(outcome.stdout.decode(),
                         r"ok +client certificate: .*-chain.pem is valid until \d{4}-")
        self.show("untrusted")
        outcome = self.device.run("doctor")
        self.assertEqual(outcome.code, EXIT_UNTRUSTED)
        self.assertRegex(outcome.stdout.decode(),
                         "fail +(TLS|path): .* does not accept the client certificate")
        self.assertNotRegex(outcome.stdout.decode(), "ok +grant")


class Tls12(Shown, CertificateTest):
    """The server says no within the handshake."""

    tls = "1.2"


class Tls13(Shown, CertificateTest):
    """The server says no after the client is done with the handshake."""

    tls = "1.3"


class Optional(CertificateTest):
    """A server that asks nobody."""

    def setUp(self) -> None:
        super().setUp()
        self.server = self.new_server()
        self.device.settings["server"]["url"] = self.server.url

    def test_certificate_is_not_shown(self) -> None:
        self.assert_done(self.device.run("token"))
        self.assertIsNone(self.server.connections[0].client)

    def test_doctor_warns_of_one_that_has_expired(self) -> None:
        self.show("expired")
        outcome = self.device.run("doctor")
        self.assertRegex(outcome.stdout.decode(), "warn +client certificate: .* has expired on")
        self.assertRegex(outcome.stdout.decode(), "ok +grant")


class Files(CertificateTest):
    """What is wrong with them is told before anything is sent."""

    def refuse(self, mentions: str, **settings: str) -> None:
        """Code 2, and the server has seen no request."""
        self.device.settings["client"] |= settings
        self.assert_fails(self.device.run("token"), EXIT_USAGE, mentions=mentions)
        self.assertEqual(self.server.requests, [])
        self.show()

    def test_key_of_another_certificate(self) -> None:
        for kind in ("rsa", "ecdsa384", "expired"):
            other = self.device.write("other.key", client(kind).key_file.read_bytes())
            self.refuse(f"the key in {other} is not that of the first certificate in",
                        tls_key_file=other)

    def test_key_with_a_password(self) -> None:
        for name, how in (("pkcs8", ("pkey", "-aes256")), ("sec1", ("ec", "-aes256"))):
            made = self.device.directory / f"{name}.key"
            openssl(*how, "-in", client().key_file, "-passout", "pass:planted", "-out", made)
            self.refuse("is encrypted; decrypt it with openssl pkey", tls_key_file=str(made))

    def test_key_that_is_none(self) -> None:
        self.refuse("no private key for RSA, P-256 or P-384",
                    tls_key_file=self.device.write("no.key", "rubbish"))
        self.refuse("no private key for RSA, P-256 or P-384",
                    tls_key_file=str(client().chain_file))
        self.refuse("it is empty", tls_key_file=self.device.write("no.key", ""))
        self.refuse("No such file", tls_key_file="/nowhere/tls.key")

    def test_key_of_a_curve_that_is_not_built_in(self) -> None:
        made = self.device.directory / "p521.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521", "-out", made)
        self.refuse("no private key for RSA, P-256 or P-384", tls_key_file=str(made))

    def test_certificate_that_is_none(self) -> None:
        text = self.device.write("no.pem", "rubbish")
        self.refuse(f"cannot use the client certificate in {text}: there is none in it",
                    tls_certificate_file=text)
        begun = "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n"
        self.refuse("is malformed", tls_certificate_file=self.device.write("no.pem", begun))
        self.refuse("No such file", tls_certificate_file="/nowhere/tls.pem")

    def test_one_without_the_other(self) -> None:
        for missing, there in (("tls_key_file", "certificate without its key"),
                               ("tls_certificate_file", "key without its client certificate")):
            del self.device.settings["client"][missing]
            self.refuse(f"{there}; set {missing} in [client] as well")

    def test_forms_of_files(self) -> None:
        der, key = self.device.directory / "tls.der", self.device.directory / "key.der"
        openssl("x509", "-in", client().chain_file, "-outform", "DER", "-out", der)
        openssl("pkey", "-in", client().key_file, "-outform", "DER", "-out", key)
        sec1 = self.device.directory / "sec1.pem"
        openssl("ec", "-in", client().key_file, "-out", sec1)
        for path in (der, key, sec1):
            path.chmod(0o600)
        self.device.settings["client"]["tls_key_file"] = str(sec1)
        self.assert_done(self.device.run("token"))
        self.device.settings["client"]["tls_key_file"] = str(key)
        self.assert_done(self.device.run("token", "--force"))
        # DER is one certificate; the server has to know what lies between it and the root.
        self.server.require_client_certificates(
            pathlib.Path(certificate_directory()) / "ecdsa-intermediate.pem")
        self.device.settings["client"]["tls_certificate_file"] = str(der)
        self.assert_done(self.device.run("token", "--force"))

    def test_doctor_warns_of_a_key_that_others_may_read(self) -> None:
        key = pathlib.Path(self.device.settings["client"]["tls_key_file"])
        key.chmod(0o644)
        outcome = self.device.run("doctor")
        self.assertRegex(outcome.stdout.decode(), f"warn +configuration: {key} is open to other")

    def test_credential_of_systemd(self) -> None:
        directory = self.device.directory / "credentials"
        directory.mkdir()
        (directory / "tls_key").write_bytes(client().key_file.read_bytes())
        self.device.environment["CREDENTIALS_DIRECTORY"] = str(directory)
        del self.device.settings["client"]["tls_key_file"]
        self.assert_done(self.device.run("token"))

    def test_key_never_shows_up(self) -> None:
        outcome = self.device.run("token", "--verbose")
        self.assertEqual(outcome.code, 0, outcome)
        stored = b"".join(path.read_bytes() for path in self.device.stored_files())
        lines = client().key_file.read_text().splitlines()[1:-1]
        self.assert_no_secret(outcome.stderr + outcome.stdout + stored, lines)
        self.assert_no_secret(self.server.received(), lines)

    def test_firmware_has_none(self) -> None:
        self.device.settings["device"] = {"key_file": str(self.device.directory / "device.key")}
        outcome = self.device.run("provision", "-")
        self.assert_fails(outcome, EXIT_USAGE, mentions="the firmware shows no client certificate")


class Refused(CertificateTest):
    """Another certificate is worth another attempt where the credentials were refused with it."""

    def test_latch_ends_with_the_certificate(self) -> None:
        self.device.use_password(self.server.username, "wrong-password")
        self.assert_fails(self.device.run("token"), EXIT_REFUSED)
        self.assert_fails(self.device.run("token"), EXIT_REFUSED, mentions="not sent again")
        self.assertEqual(self.server.failed_logins, 1)
        self.assertIn(b"refused at   ", self.device.run("status").stdout)
        self.assertNotIn(b"refused at            none", self.device.run("status").stdout)
        self.show("ecdsa384")
        self.assert_fails(self.device.run("token"), EXIT_REFUSED)
        self.assertEqual(self.server.failed_logins, 2)


class Service(CertificateTest):
    """The service, which lives longer than certificates do."""

    def test_asks_with_the_certificate(self) -> None:
        with self.running() as service, service.connect() as asking:
            self.assertEqual(asking.token(), self.server.tokens_issued[0])
            outcome = self.device.run(*API)
            self.assert_done(outcome)
        self.assertEqual({one.client for one in self.server.connections},
                         {"connect-auth test client-ecdsa-client"})

    def test_takes_over_a_new_certificate(self) -> None:
        self.show("expired")
        with self.running() as service, service.connect() as asking:
            self.assertTrue(wait_until(lambda: "has expired" in asking.ask("status")))
            self.show()
            self.device.write_configuration()
            service.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: self.server.tokens_issued))
            self.assertEqual(asking.token("wait=30"), self.server.tokens_issued[0])

    def test_goes_on_with_the_old_one_where_the_new_one_is_unusable(self) -> None:
        with self.running() as service, service.connect() as asking:
            first = asking.token()
            self.device.settings["client"]["tls_key_file"] = "/nowhere/tls.key"
            self.device.write_configuration()
            service.process.send_signal(signal.SIGHUP)
            self.assertEqual(asking.token(), first)
            self.assertIsNone(service.process.poll())


class Options(ProgramTest):
    """Settings as options."""

    def test_options(self) -> None:
        self.server.require_client_certificates(client().ca_file)
        outcome = self.device.run(
            "token", "--client-tls-certificate-file", str(client().chain_file),
            "--client-tls-key-file", str(client().key_file),
        )
        self.assert_done(outcome)


if __name__ == "__main__":
    unittest.main()
