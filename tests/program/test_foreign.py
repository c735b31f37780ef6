# SPDX-License-Identifier: Apache-2.0
"""Both grants, end to end, against an OAuth server that nobody here wrote."""

import json
import unittest

from harness import (  # first: it sets the module path
    EXIT_NEEDS_CODE,
    EXIT_REFUSED,
    EXIT_UNTRUSTED,
    Device,
    ProgramTest,
    chain,
)

import foreign_server
from foreign_server import REDIRECT_URI, ForeignServer


@unittest.skipUnless(
    foreign_server.is_installed(), "apt-get install " + " ".join(foreign_server.PACKAGES)
)
class Foreign(ProgramTest):
    """One server per way of handling connections; the program must not notice."""

    worker = "sync"
    chain_kind = "rsa"

    @classmethod
    def setUpClass(cls) -> None:
        cls.foreign = cls.enterClassContext(ForeignServer(chain(cls.chain_kind), worker=cls.worker))

    def new_foreign_device(self) -> Device:
        """A device configured for the password grant."""
        device = self.new_device(self.foreign)
        device.settings["server"]["token_path"] = self.foreign.token_path
        device.settings["client"]["id"] = self.foreign.password_client.client_id
        device.use_client_secret(self.foreign.password_client.client_secret)
        device.use_password(self.foreign.username, self.foreign.password)
        return device

    def new_code_device(self) -> Device:
        """A device with a fresh code; the toolkit wants its credentials form-encoded."""
        device = self.new_foreign_device()
        device.settings["client"] |= {
            "id": self.foreign.code_client.client_id, "auth_encoding": "form",
        }
        device.use_client_secret(self.foreign.code_client.client_secret)
        device.use_code(self.foreign.new_code(), REDIRECT_URI)
        return device

    def assert_token_works(self, device: Device) -> None:
        """The API tells whose token it is, and takes a body."""
        outcome = device.run("request", "GET", self.foreign.api_path)
        self.assert_done(outcome)
        self.assertEqual(json.loads(outcome.stdout)["user"], self.foreign.username)
        echo = device.run("request", "POST", self.foreign.api_path, "--data", "-", stdin=b"\x00x")
        self.assert_done(echo)
        self.assertEqual(echo.stdout, b"\x00x")

    def test_password_grant(self) -> None:
        device = self.new_foreign_device()
        first, second = device.run("token"), device.run("token")
        self.assert_done(first)
        self.assertEqual(first.stdout, second.stdout)
        self.assert_token_works(device)

    def test_password_grant_with_form_encoding(self) -> None:
        device = self.new_foreign_device()
        device.settings["client"]["auth_encoding"] = "form"
        self.assert_done(device.run("token"))

    def test_code_grant(self) -> None:
        device = self.new_code_device()
        self.assert_done(device.run("token"))
        self.assert_token_works(device)

    def test_refresh_tokens(self) -> None:
        device = self.new_code_device()
        tokens = [device.run("token")] + [device.run("token", "--force") for _ in range(3)]
        for token in tokens:
            self.assert_done(token)
        self.assertEqual(len({token.token for token in tokens}), 4)
        self.assert_token_works(device)

    def test_code_that_was_used_elsewhere(self) -> None:
        device, thief = self.new_code_device(), self.new_code_device()
        code = (device.directory / "code").read_text(encoding="ascii")
        thief.use_code(code, REDIRECT_URI)
        self.assert_done(thief.run("token"))
        self.assert_fails(device.run("token"), EXIT_NEEDS_CODE, device=device)

    def test_plain_credentials_where_form_encoding_is_needed(self) -> None:
        device = self.new_code_device()
        del device.settings["client"]["auth_encoding"]
        self.assert_fails(device.run("token"), EXIT_REFUSED, device=device)

    def test_wrong_password_and_wrong_secret(self) -> None:
        device = self.new_foreign_device()
        device.use_password(self.foreign.username, "wrong-password")
        self.assert_fails(device.run("token"), EXIT_REFUSED, device=device)
        device = self.new_foreign_device()
        device.use_client_secret("wrong-secret")
        self.assert_fails(device.run("token"), EXIT_REFUSED, device=device)

    def test_path_without_the_slash_is_a_real_redirect(self) -> None:
        device = self.new_foreign_device()
        device.settings["server"]["token_path"] = self.foreign.token_path.rstrip("/")
        self.assert_fails(device.run("token"), EXIT_REFUSED, device=device)

    def test_wrong_ca(self) -> None:
        device = self.new_foreign_device()
        device.settings["server"]["ca_file"] = str(chain("ecdsa").ca_file)
        self.assert_fails(device.run("token"), EXIT_UNTRUSTED, device=device)


class ForeignKeepAlive(Foreign):
    """The same behind a worker that keeps connections open."""

    worker = "gthread"
    chain_kind = "ecdsa"

    def test_wrong_ca(self) -> None:
        device = self.new_foreign_device()
        device.settings["server"]["ca_file"] = str(chain("rsa").ca_file)
        self.assert_fails(device.run("token"), EXIT_UNTRUSTED, device=device)


if __name__ == "__main__":
    unittest.main()
