# SPDX-License-Identifier: Apache-2.0
"""The store, whatever happens to it: the token is delivered all the same, each trouble has words of
its own, and nothing of somebody else's is lost.

CONNECT_AUTH_KILLS: how often the program is killed for each kind of store (default: 100).
"""

import fcntl
import json
import os
import pathlib
import random
import shlex
import subprocess
import time
import unittest

from harness import (
    EXIT_DONE,
    EXIT_STORAGE,
    EXIT_UNREACHABLE,
    Device,
    Outcome,
    ProgramTest,
)

KILLS = int(os.environ.get("CONNECT_AUTH_KILLS", "100"))
BLOCK = 4096


class StoreTest(ProgramTest):
    """A device with a store in files, or in a file that emulates flash."""

    def use_image(self, device: Device | None = None) -> pathlib.Path:
        """Makes the store a ring in emulated flash."""
        device = device or self.device
        image = device.directory / "image"
        image.touch(mode=0o600)
        device.settings["store"]["path"] = str(image)
        return image

    def use_files(self, device: Device | None = None) -> pathlib.Path:
        """Leaves the store in files, and says where the record lies."""
        return (device or self.device).store / "state"

    kinds = (use_files, use_image)

    def assert_delivers(self, outcome: Outcome, *mentions: str) -> None:
        """A new token, and one sentence about what is wrong."""
        self.assertEqual(outcome.code, EXIT_DONE, outcome)
        self.assertEqual(outcome.token, self.server.tokens_issued[-1])
        self.assert_sentence(outcome.stderr)
        self.assert_no_secret(outcome.stderr, self.secrets_of(self.device))
        for words in mentions:
            self.assertIn(words, outcome.stderr.decode())

    def assert_quiet_again(self) -> None:
        """One new request was enough: the next call finds its token stored."""
        requests = self.server.token_requests
        outcome = self.device.run("token")
        self.assert_done(outcome)
        self.assertEqual(self.server.token_requests, requests)

    def run_mounted(self, place: pathlib.Path, mount: str, *arguments: str) -> Outcome:
        """Runs the program where `mount` was done at `place`, for itself alone."""
        script = f"{mount.format(shlex.quote(str(place)))} && exec \"$0\" \"$@\""
        rights = [] if os.geteuid() == 0 else ["--map-root-user"]
        probe = ["unshare", *rights, "--mount", "true"]
        if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("this machine does not let us mount anything")
        self.device.prefix = ["unshare", *rights, "--mount", "/bin/sh", "-c", script]
        outcome = self.device.run(*arguments)
        self.device.prefix = []
        return outcome

    def status(self) -> dict[str, object]:
        """What `status --json` says."""
        outcome = self.device.run("status", "--json")
        self.assert_done(outcome)
        return json.loads(outcome.stdout)


class Ring(StoreTest):
    """A ring in emulated flash is a store like any other."""

    def test_token_is_kept_and_shown_and_wiped(self) -> None:
        image = self.use_image()
        first = self.device.run("token")
        self.assert_done(first)
        self.assert_quiet_again()
        self.assertNotIn(first.stdout.strip(), image.read_bytes())
        about = self.status()
        self.assertEqual(about["store_kind"], "emulated NOR flash")
        self.assertEqual(about["store_shape"], "8 x 4096 octets in units of 1")
        self.assertEqual((about["stored"], about["records_written"]), ("state", 1))
        self.assertEqual(about["store_moves"], 1)
        sealed = image.read_bytes()
        record = sealed[sealed.index(b"CA\x02\x01") :][:100]

        self.assert_done(self.device.run("logout"))

        self.assertNotIn(record, image.read_bytes())
        self.assertEqual(self.status()["stored"], "nothing")
        self.assert_done(self.device.run("token"))
        self.assertEqual(self.server.token_requests, 2)

    def test_many_updates_move_the_ring(self) -> None:
        self.use_image()
        for _ in range(12):
            self.assert_done(self.device.run("token", "--force"))
        about = self.status()
        self.assertEqual(about["records_written"], 12)
        self.assertGreater(about["store_moves"], 2)
        self.assert_quiet_again()

    def test_token_that_gains_too_little_is_not_stored(self) -> None:
        self.use_image()
        first = self.device.run("token").stdout
        self.device.settings["store"]["gain"] = "60"
        self.assertNotEqual(self.device.run("token", "--force").stdout, first)
        self.assertEqual(self.status()["records_written"], 1)
        self.assertEqual(self.device.run("token").stdout, first)

    def test_doctor_says_what_kind_of_store_it_is(self) -> None:
        for use, words in ((self.use_files, b"(files)"),
                           (self.use_image, b"(emulated NOR flash, 8 x 4096 octets")):
            use()
            outcome = self.device.run("doctor")
            self.assertEqual(outcome.code, EXIT_DONE, outcome)
            self.assertIn(words, outcome.stdout)

    def test_request_and_logout_without_a_token(self) -> None:
        self.use_image()
        self.assert_done(self.device.run("logout"))
        self.assert_done(self.device.run("request", "GET", "/Connect/api/devices"))
        self.assert_quiet_again()

    def test_logout_waits_for_whoever_asks_for_a_token(self) -> None:
        for use in self.kinds:
            with self.subTest(use.__name__):
                place = use(self)
                self.assert_done(self.device.run("token"))
                locked = place if place.name == "image" else self.device.store / "lock"
                with locked.open("ab") as file:
                    fcntl.lockf(file, fcntl.LOCK_EX)
                    impatient = self.device.run("logout", "--limits-timeout", "1")
                    self.assert_fails(impatient, EXIT_UNREACHABLE)
                self.assertEqual(self.status()["stored"], "state")
                self.assert_done(self.device.run("logout"))
                self.assertEqual(self.status()["stored"], "nothing")

    def test_logout_from_a_record_that_cannot_be_read(self) -> None:
        self.device.store.mkdir()
        os.mkfifo(self.device.store / "state")
        self.assert_done(self.device.run("logout"))
        self.assertEqual(self.device.stored_files(), [])

    def test_spent_code_is_remembered_by_a_ring(self) -> None:
        image = self.use_image()
        self.device.use_code(self.server.add_code())
        self.assert_done(self.device.run("token"))
        self.assert_done(self.device.run("logout"))
        self.assertEqual(self.device.run("token").code, 4)
        self.assertEqual(self.server.token_requests, 1)
        self.assertGreater(image.stat().st_size, BLOCK)


class Key(StoreTest):
    """The key that seals what is stored."""

    def test_lost_key_is_told_and_costs_one_request(self) -> None:
        for use in self.kinds:
            with self.subTest(use.__name__):
                self.device = self.new_device()
                use(self)
                self.assert_done(self.device.run("token"))
                (self.device.directory / "key").unlink()
                self.assertEqual(self.status()["stored"], "nothing")
                self.assert_delivers(self.device.run("token"), "another key", "/key;")
                self.assert_quiet_again()

    def test_damaged_key_is_told_and_left_alone(self) -> None:
        for content in (b"", b"short", bytes(33)):
            with self.subTest(size=len(content)):
                self.device = self.new_device()
                key = pathlib.Path(self.device.write("key", content))
                self.assert_delivers(self.device.run("token"), "will not be stored", str(key),
                                     "does not have 32 octets")
                self.assertEqual(key.read_bytes(), content)
                self.assertEqual(self.device.run("status").code, EXIT_STORAGE)

    def test_default_key_of_an_image_lies_beside_it(self) -> None:
        image = self.use_image()
        del self.device.settings["store"]["key_file"]
        self.assert_done(self.device.run("token"))
        key = pathlib.Path(f"{image}.key")
        self.assertEqual((key.stat().st_size, key.stat().st_mode & 0o777), (32, 0o600))
        self.assertEqual(self.status()["key_file"], str(key))
        self.assert_quiet_again()

    def test_key_from_systemd_counts_where_no_file_is_named(self) -> None:
        credentials = self.device.directory / "credentials"
        credentials.mkdir()
        (credentials / "store_key").write_bytes(os.urandom(32))
        self.device.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
        del self.device.settings["store"]["key_file"]
        self.assert_done(self.device.run("token"))
        self.assert_quiet_again()
        self.assertFalse((self.device.store / "key").exists())
        self.assertEqual(self.status()["key_file"], str(credentials / "store_key"))
        (credentials / "store_key").write_bytes(os.urandom(32))
        self.assert_delivers(self.device.run("token"), "another key")

    def test_key_that_was_being_made_when_somebody_was_killed(self) -> None:
        (self.device.directory / "key").unlink()
        self.device.write("key.new", b"half")
        self.assert_done(self.device.run("token"))
        self.assertFalse((self.device.directory / "key.new").exists())
        self.assertEqual((self.device.directory / "key").stat().st_size, 32)
        self.assert_quiet_again()


class Trouble(StoreTest):
    """Each kind of trouble, for both kinds of store."""

    def test_full_disk(self) -> None:
        full = "mount -t tmpfs -o size=16k none {0} && ! head -c 1M /dev/zero 2>/dev/null >{0}/fill"
        self.device.store.mkdir()
        outcome = self.run_mounted(self.device.store, full, "token")
        self.assert_delivers(outcome, "No space left on device")

    def test_full_disk_under_an_image(self) -> None:
        full = ("mount -t tmpfs -o size=24k none {0} && touch {0}/image && "
                "! head -c 1M /dev/zero 2>/dev/null >{0}/fill")
        self.device.store.mkdir()
        self.device.settings["store"]["path"] = f"{self.device.store}/image"
        outcome = self.run_mounted(self.device.store, full, "token")
        self.assert_delivers(outcome, "No space left on device")

    def test_read_only_store_serves_what_it_has(self) -> None:
        read_only = "mount --bind {0} {0} && mount -o remount,bind,ro {0}"
        for use in self.kinds:
            with self.subTest(use.__name__):
                self.device = self.new_device()
                place = use(self)
                place = place if place.exists() else self.device.store
                place.parent.mkdir(exist_ok=True)
                first = self.device.run("token")
                self.assert_done(first)

                again = self.run_mounted(place, read_only, "token")
                forced = self.run_mounted(place, read_only, "token", "--force")

                self.assert_done(again)
                self.assertEqual(again.stdout, first.stdout)
                self.assert_delivers(forced, "could not be stored", "Read-only file system")
                self.assertEqual(self.device.run("token").stdout, first.stdout)

    def test_missing_folder_is_made(self) -> None:
        self.device.settings["store"]["path"] = f"{self.device.store}/deep/down"
        self.assert_done(self.device.run("token"))
        self.assert_quiet_again()

    def test_folder_that_cannot_be_made(self) -> None:
        self.device.settings["store"]["path"] = self.device.write("file", "in the way") + "/store"
        self.assert_delivers(self.device.run("token"), "will not be stored", "Not a directory")

    def test_something_else_in_the_place_of_the_record(self) -> None:
        def directory(path: pathlib.Path) -> None:
            path.mkdir()

        def pipe(path: pathlib.Path) -> None:
            os.mkfifo(path)

        def link(path: pathlib.Path) -> None:
            path.symlink_to(self.device.write("file", "somebody else's"))

        for make in (directory, pipe, link):
            with self.subTest(make.__name__):
                self.device = self.new_device()
                self.device.store.mkdir()
                make(self.device.store / "state")
                self.assert_delivers(self.device.run("token"), "cannot be read")
                self.assertTrue((self.device.store / "state").is_symlink()
                                or not (self.device.store / "state").is_file())

    def test_somebody_elses_file_is_not_touched(self) -> None:
        for content in (b"in the way", b"x" * 8 * BLOCK, bytes(8 * BLOCK), os.urandom(8 * BLOCK),
                        os.urandom(8 * BLOCK + 1)):
            with self.subTest(content=content[:10], size=len(content)):
                self.device = self.new_device()
                file = self.device.write("file", content)
                self.device.settings["store"]["path"] = file
                self.assert_delivers(self.device.run("token"), "will not be stored", file)
                self.assertEqual(pathlib.Path(file).read_bytes(), content)
                self.assertEqual(self.device.run("status").code, EXIT_STORAGE)

    def test_damaged_record_in_files(self) -> None:
        state = self.use_files()
        for damage in (lambda old: old[:-1], lambda old: old[:10], lambda old: b"",
                       lambda old: bytes(len(old)), lambda old: os.urandom(len(old)),
                       lambda old: old[:50] + bytes([old[50] ^ 4]) + old[51:]):
            self.device.run("token")
            state.write_bytes(damage(state.read_bytes()))
            self.assertEqual(self.status()["stored"], "damaged")
            self.assert_delivers(self.device.run("token"), "damaged")
            self.assert_quiet_again()

    def test_damaged_record_in_an_image_gives_way_to_the_one_before(self) -> None:
        image = self.use_image()
        first = self.device.run("token").stdout
        self.device.run("token", "--force")
        octets = bytearray(image.read_bytes())
        octets[octets.rindex(b"CA\x02\x01") + 60] ^= 1
        image.write_bytes(octets)
        again = self.device.run("token")
        self.assert_done(again)
        self.assertEqual(again.stdout, first)

    def test_image_that_was_cut_short(self) -> None:
        image = self.use_image()
        self.device.run("token")
        os.truncate(image, 2 * BLOCK)  # Still a ring, of the two blocks that there are.
        self.assert_quiet_again()
        os.truncate(image, 2 * BLOCK - 1)
        self.assert_delivers(self.device.run("token"), "will not be stored", "its size")
        self.assertEqual(image.stat().st_size, 2 * BLOCK - 1)

    def test_swapped_with_the_store_of_another_device(self) -> None:
        for use in self.kinds:
            with self.subTest(use.__name__):
                other, self.device = self.new_device(), self.new_device()
                theirs, ours = use(self, other), use(self)
                self.assertEqual(other.run("token").code, EXIT_DONE)
                self.assert_done(self.device.run("token"))
                ours.write_bytes(theirs.read_bytes())
                self.assertEqual(self.status()["stored"], "of another key")
                self.assert_delivers(self.device.run("token"), "another key")
                self.assert_quiet_again()

    def test_changed_configuration_is_silent(self) -> None:
        for use in self.kinds:
            with self.subTest(use.__name__):
                self.device = self.new_device()
                use(self)
                self.device.run("token")
                self.device.settings["server"]["token_path"] = "/Connect/api/token?"
                self.assertEqual(self.status()["stored"], "of another configuration")
                requests = self.server.token_requests
                self.device.settings["server"]["token_path"] = "/Connect/api/token"
                self.assert_quiet_again()
                self.assertEqual(self.server.token_requests, requests)

    def test_token_that_a_block_cannot_hold(self) -> None:
        self.use_image()
        self.server.token_length = 6000
        self.assert_delivers(self.device.run("token"), "longer than a block of the flash")


@unittest.skipUnless(os.geteuid() == 0, "only root can act as somebody else")
class Owner(StoreTest):
    """A store that belongs to the service's user, when root works alone."""

    NOBODY = 65534

    def test_what_root_writes_there_is_the_owners(self) -> None:
        self.device.directory.chmod(0o755)
        del self.device.settings["store"]["key_file"]
        # LeakSanitizer cannot look at a process that became another user's.
        self.device.environment["ASAN_OPTIONS"] = "detect_leaks=0"
        self.device.store.mkdir(mode=0o700)
        os.chown(self.device.store, self.NOBODY, self.NOBODY)
        for command in ("token", "logout", "token"):
            self.assert_done(self.device.run(command))
            owners = {(path.stat().st_uid, path.stat().st_gid) for path in self.device.stored_files()}
            self.assertEqual(owners, {(self.NOBODY, self.NOBODY)})


class Killed(StoreTest):
    """kill -9 at any moment leaves nothing half done."""

    def test_token_after_every_kill(self) -> None:
        for use in self.kinds:
            with self.subTest(use.__name__):
                self.device = self.new_device()
                (self.device.directory / "key").unlink()
                use(self)
                began = time.monotonic()
                self.assert_done(self.device.run("token", "--force"))
                self.kill_often(time.monotonic() - began)
                self.assert_done(self.device.run("token", "--force"))
                self.assert_no_leftovers()

    def kill_often(self, whole_run: float) -> None:
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        for kill in range(KILLS):
            process = self.device.start("token", "--force")
            time.sleep(chance.random() * 1.1 * whole_run)
            process.kill()
            process.communicate()
            if kill % 10 == 0 or kill > KILLS - 5:
                outcome = self.device.run("token")
                self.assertEqual((outcome.code, outcome.stderr), (EXIT_DONE, b""),
                                 f"seed {seed}, kill {kill}: {outcome}")
                self.assertIn(outcome.token, self.server.tokens_issued)

    def assert_no_leftovers(self) -> None:
        wanted = {"connect-auth.ini", "client-secret", "user-password", "key", "image",
                  "state", "tls_session"}
        found = {path.name for path in self.device.directory.rglob("*") if path.is_file()}
        self.assertLessEqual(found, wanted)


if __name__ == "__main__":
    unittest.main()
