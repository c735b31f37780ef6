# SPDX-License-Identifier: Apache-2.0
"""The foreign server with Python's own client: what connect-auth meets there is written here."""

import base64
import http.client
import json
import pathlib
import sys
import tempfile
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import certificates  # noqa: E402
import foreign_server  # noqa: E402
from foreign_server import REDIRECT_URI, ApiClient, ForeignServer  # noqa: E402


@unittest.skipUnless(
    foreign_server.is_installed(), "apt-get install " + " ".join(foreign_server.PACKAGES)
)
class ForeignServerTest(unittest.TestCase):
    """One server for all tests: it takes seconds to start."""

    @classmethod
    def setUpClass(cls) -> None:
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        chain = certificates.make_chain(directory, "ecdsa")
        cls.server = cls.enterClassContext(ForeignServer(chain, token_seconds=1234))

    def call(
        self, method: str, path: str, body: str | None = None, **fields: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPSConnection(
            "localhost", self.server.port, context=self.server.tls_context(), timeout=20
        )
        try:
            named = {name.replace("_", "-"): value for name, value in fields.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def ask(
        self, client: ApiClient, escape: bool, **form: str
    ) -> tuple[http.client.HTTPResponse, dict[str, object]]:
        """A token request with plain or form-encoded client credentials."""
        parts = (client.client_id, client.client_secret)
        if escape:
            parts = tuple(map(urllib.parse.quote_plus, parts))
        basic = base64.b64encode(":".join(parts).encode()).decode()
        response, body = self.call(
            "POST", self.server.token_path, urllib.parse.urlencode(form),
            Authorization=f"Basic {basic}", Content_Type="application/x-www-form-urlencoded",
        )
        return response, json.loads(body)

    def ask_with_password(self, **changes: str) -> tuple[int, dict[str, object]]:
        """The password grant."""
        form = {
            "grant_type": "password", "username": self.server.username,
            "password": self.server.password,
        }
        response, answer = self.ask(self.server.password_client, False, **(form | changes))
        return response.status, answer

    def test_password_grant_end_to_end(self) -> None:
        status, answer = self.ask_with_password()
        self.assertEqual(status, 200, answer)
        self.assertEqual((answer["token_type"], answer["expires_in"]), ("Bearer", 1234))

        response, body = self.call(
            "GET", self.server.api_path, Authorization=f"Bearer {answer['access_token']}"
        )

        self.assertEqual((response.status, json.loads(body)["user"]), (200, "Administrator"))

    def test_wrong_credentials_are_refused(self) -> None:
        status, answer = self.ask_with_password(password="wrong")
        self.assertEqual((status, answer["error"]), (400, "invalid_grant"))

        wrong = ApiClient(self.server.password_client.client_id, "wrong")
        response, answer = self.ask(wrong, False, grant_type="password", username="a", password="b")
        self.assertEqual((response.status, answer["error"]), (401, "invalid_client"))
        self.assertIn("Bearer", response.getheader("WWW-Authenticate"))

    def test_code_grant_end_to_end_and_only_once(self) -> None:
        form = {
            "grant_type": "authorization_code", "code": self.server.new_code(),
            "redirect_uri": REDIRECT_URI,
        }

        first, answer = self.ask(self.server.code_client, True, **form)
        second, refusal = self.ask(self.server.code_client, True, **form)

        self.assertEqual(first.status, 200, answer)
        self.assertEqual((second.status, refusal["error"]), (400, "invalid_grant"))
        response, _ = self.call(
            "GET", self.server.api_path, Authorization=f"Bearer {answer['access_token']}"
        )
        self.assertEqual(response.status, 200)

    def test_codes_differ(self) -> None:
        self.assertNotEqual(self.server.new_code(), self.server.new_code())

    def test_basic_credentials_are_percent_decoded(self) -> None:
        client = self.server.code_client
        self.assertRegex(client.client_secret, r"\+%41")
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT_URI}

        plain, _ = self.ask(client, False, **form)
        escaped, answer = self.ask(client, True, **form)

        self.assertEqual(plain.status, 401)
        self.assertEqual((escaped.status, answer["error"]), (400, "invalid_grant"))

    def test_resource_refuses_a_bad_token_with_403(self) -> None:
        for fields in ({}, {"Authorization": "Bearer wrong"}):
            response, _ = self.call("GET", self.server.api_path, **fields)
            self.assertEqual(response.status, 403)

    def test_missing_slash_of_the_token_path_is_a_redirect(self) -> None:
        response, _ = self.call("POST", "/o/token", "grant_type=password")
        self.assertEqual(response.status, 301)
        self.assertEqual(response.getheader("Location"), "/o/token/")

    def test_keep_alive_worker_serves_two_requests_on_one_connection(self) -> None:
        with ForeignServer(self.server.chain, worker="gthread") as server:
            connection = http.client.HTTPSConnection(
                "localhost", server.port, context=server.tls_context(), timeout=20
            )
            for _ in range(2):
                connection.request("GET", server.api_path)
                response = connection.getresponse()
                response.read()
                self.assertNotEqual(response.getheader("Connection"), "close")
            connection.close()


if __name__ == "__main__":
    unittest.main()
