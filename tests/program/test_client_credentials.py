# SPDX-License-Identifier: Apache-2.0
"""`type = client_credentials`: a token for the client itself (RFC 6749 section 4.4), without a user."""

import json
import signal
import unittest

from harness import EXIT_REFUSED, EXIT_USAGE, wait_until
from oauth_server import Fault
from service import ServiceTest

API = ("request", "GET", "/Connect/api/devices")


class ClientTest(ServiceTest):
    """A device without user and password."""

    def setUp(self) -> None:
        super().setUp()
        self.device.settings["grant"] = {"type": "client_credentials"}

    def status(self) -> dict[str, object]:
        """What `status --json` says."""
        outcome = self.device.run("status", "--json")
        self.assert_done(outcome)
        return json.loads(outcome.stdout)


class Tokens(ClientTest):
    """They come, are kept, and are renewed."""

    def test_request_holds_the_grant_type_alone(self) -> None:
        outcome = self.device.run("token")
        self.assert_done(outcome)
        self.assertEqual(outcome.token, self.server.tokens_issued[0])
        request, = self.server.requests
        self.assertEqual(request.body, b"grant_type=client_credentials")
        self.assertEqual(request.count("Authorization"), 1)

    def test_token_is_stored_and_used(self) -> None:
        first = self.device.run("token").token
        self.assert_done(self.device.run(*API))
        self.assertEqual(self.device.run("token").token, first)
        self.assertEqual(self.server.token_requests, 1)
        about = self.status()
        self.assertEqual((about["grant"], about["username"], about["state"], about["next_step"]),
                         ("client_credentials", None, "ready", None))

    def test_token_that_the_api_refuses_is_replaced(self) -> None:
        self.assert_done(self.device.run("token"))
        self.server.revoke_all_tokens()
        self.device.go_on_later(60)
        self.assert_done(self.device.run(*API))
        self.assertEqual(self.server.token_requests, 2)

    def test_token_of_a_user_is_another_one(self) -> None:
        client = self.device.run("token").token
        self.device.settings["grant"] = {
            "type": "password", "username": self.server.username,
            "password_file": str(self.device.directory / "user-password"),
        }
        self.assertNotEqual(self.device.run("token").token, client)

    def test_store_that_cannot_be_used_costs_no_token(self) -> None:
        self.device.settings["store"]["path"] = "/dev/null/nowhere"
        outcome = self.device.run("token")
        self.assertEqual(outcome.token, self.server.tokens_issued[0])
        self.assertIn(b"will not be stored", outcome.stderr)

    def test_doctor_asks_for_a_token(self) -> None:
        outcome = self.device.run("doctor")
        self.assert_done(outcome)
        self.assertRegex(outcome.stdout.decode(), "ok +grant: a token of 891 characters came")

    def test_refresh_token_is_used_where_a_server_sends_one(self) -> None:
        self.server.issue_refresh_tokens = True
        self.assert_done(self.device.run("token"))
        self.assert_done(self.device.run("token", "--force"))
        self.assertEqual(self.server.refresh_requests, 1)


class Service(ClientTest):
    """The same of the service."""

    def test_keeps_a_token_at_hand(self) -> None:
        with self.running() as service, service.connect() as client:
            self.assertEqual(client.token(), self.server.tokens_issued[0])
        self.assertEqual(self.server.requests[0].body, b"grant_type=client_credentials")

    def test_another_grant_counts_with_the_next_reload(self) -> None:
        with self.running() as service, service.connect() as client:
            first = client.token()
            self.device.settings["grant"] = {
                "type": "password", "username": self.server.username,
                "password_file": str(self.device.directory / "user-password"),
            }
            self.device.write_configuration()
            service.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: len(self.server.tokens_issued) == 2))
            self.assertTrue(wait_until(lambda: client.token() != first))

    def test_doctor_has_it_ask(self) -> None:
        with self.running():
            outcome = self.device.run("doctor")
            self.assert_done(outcome)
            self.assertRegex(outcome.stdout.decode(), "ok +grant: the service has a new token")


class Refusals(ClientTest):
    """Refused once, left alone."""

    def test_wrong_secret_is_sent_once(self) -> None:
        self.device.use_client_secret("wrong-secret")
        self.assert_fails(self.device.run("token"), EXIT_REFUSED, mentions="invalid_client")
        for _ in range(3):
            self.assert_fails(self.device.run("token"), EXIT_REFUSED, mentions="not sent again")
        self.assertEqual(self.server.token_requests, 1)
        self.assertEqual(self.status()["state"], "refused")

    def test_corrected_secret_counts_at_once(self) -> None:
        self.device.use_client_secret("wrong-secret")
        self.assert_fails(self.device.run("token"), EXIT_REFUSED)
        self.device.use_client_secret(self.server.client_secret)
        self.assert_done(self.device.run("token"))

    def test_sentences_speak_of_no_user(self) -> None:
        self.server.fault = Fault(400)
        text = self.device.run("token")
        self.assert_fails(text, EXIT_REFUSED, mentions="check id and secret in [client] before")

    def test_code_is_of_no_use(self) -> None:
        outcome = self.device.run("code", "-", stdin=b"some-code\n")
        self.assert_fails(outcome, EXIT_USAGE, mentions="of no use for the configured grant")

    def test_secret_is_needed(self) -> None:
        del self.device.settings["client"]["secret_file"]
        self.assert_refused_before_connecting(self.device.run("token"), mentions="client secret")

    def test_unknown_type_names_the_known_ones(self) -> None:
        self.device.settings["grant"]["type"] = "implicit"
        self.assert_refused_before_connecting(
            self.device.run("token"),
            mentions="must be password, authorization_code or client_credentials",
        )


if __name__ == "__main__":
    unittest.main()
