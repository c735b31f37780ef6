#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole job on the board: a token from the server, kept over reboots, renewed, used."""
import contextlib
import os
import re
import threading
import time
import unittest

import emcraft
from firmware_test import PATIENCE, FirmwareTest, harness

# How long the cable is out.
CABLE_SECONDS = int(os.environ.get('CONNECT_AUTH_CABLE_SECONDS', '5'))
NEW = r'^TOKEN new, number (\d+), lives (\d+) s, TLS (full|resumed)'
SAMPLE = r'^SAMPLE HTTP 200, octets [1-9]'


@contextlib.contextmanager
def typing(board):
    """Somebody types commands all the time, as fast as they are taken."""
    over = threading.Event()

    def type_on():
        with contextlib.suppress(OSError, ValueError):  # Its power was cut.
            while not over.is_set():
                board.type('help\n' * 20)

    typist = threading.Thread(target=type_on, daemon=True)
    typist.start()
    try:
        yield
    finally:
        over.set()
        typist.join()


class Job(FirmwareTest):
    device_settings = {'sample': '/Connect/api/devices', 'sample_period': '1'}

    def test_a_token_is_kept_over_a_reboot_and_the_tls_session_resumed(self):
        self.provision()
        board = self.boot()
        self.assertEqual(board.wait_for(NEW, PATIENCE).group(3), 'full')
        board.wait_for(SAMPLE, PATIENCE)

        restart = len(board.console)
        self.command(board, 'reboot')
        board.wait_for(r'^TOKEN kept, stored 1 times', PATIENCE, restart)
        board.wait_for(SAMPLE, PATIENCE, restart)

        self.assertEqual(self.server.token_requests, 1)
        self.assertEqual(sum(each.resumed for each in self.server.connections), 1)
        self.assertIn('TLS resumed 1', self.command(board, 'status'))

    def test_token_and_tls_session_are_kept_while_power_is_off(self):
        self.provision()
        with self.boot() as board:
            board.wait_for(SAMPLE, PATIENCE)
            time.sleep(2)  # QEMU writes to the file a little later.

        board = self.boot()
        board.wait_for(r'^connect-auth \S+, time unknown', PATIENCE)
        board.wait_for(r'^TOKEN kept', PATIENCE)
        board.wait_for(SAMPLE, PATIENCE)

        self.assertEqual(self.server.token_requests, 1)
        self.assertTrue(self.server.connections[-1].resumed)

    def test_a_renewal_brings_another_token(self):
        self.server.lifetime = 40
        # Rarely enough for the connection to be closed in between.
        self.settings['device']['sample_period'] = '20'
        self.provision()
        board = self.boot()
        first = board.wait_for(NEW, PATIENCE)

        second = board.wait_for(NEW, PATIENCE, first.end())

        self.assertEqual((first.group(1), second.group(1)), ('1', '2'))
        self.assertEqual(second.group(3), 'resumed')

    def test_what_is_forgotten_is_asked_for_again(self):
        self.provision()
        board = self.boot()
        board.wait_for(SAMPLE, PATIENCE)
        self.assertIn('OK', self.command(board, 'forget'))
        self.assertIn('token none', self.command(board, 'status'))

        self.command(board, 'reboot')
        board.wait_for(NEW, PATIENCE, len(board.console))

        self.assertEqual(self.server.token_requests, 2)

    def test_a_token_that_the_api_refuses_is_replaced(self):
        self.provision()
        board = self.boot()
        board.wait_for(SAMPLE, PATIENCE)
        time.sleep(16)  # An API is not believed at once that refuses a token that just came.

        self.server.revoke_all_tokens()

        board.wait_for(r'^TOKEN new, number 2', PATIENCE)

    def test_settings_come_over_the_console(self):
        lines = self.device.run('provision', '-').stdout.decode().splitlines()
        emcraft.make_nor(self.nor)
        board = self.boot()
        board.wait_for(r'^PROVISION none', PATIENCE)

        for line in lines[:-1]:
            self.assertIn('OK', self.command(board, line))
        board.send(lines[-1])

        board.wait_for(r'^PROVISION received', PATIENCE)
        board.wait_for(SAMPLE, PATIENCE)

    def test_settings_that_do_not_open_replace_none(self):
        self.provision()
        lines = self.device.run('provision', '-').stdout.decode().splitlines()
        board = self.boot()
        board.wait_for(SAMPLE, PATIENCE)
        damaged = re.sub('.$', lambda end: '1' if end.group() == '0' else '0', lines[1])
        for line in (lines[0], damaged, *lines[2:-1]):
            self.command(board, line)

        board.send(lines[-1])
        board.wait_for(r'^PROVISION damaged', PATIENCE)
        self.command(board, 'reboot')

        board.wait_for(r'^TOKEN kept', PATIENCE, len(board.console))

    def test_a_static_address(self):
        self.settings['device'] |= {'address': '10.0.2.77/24', 'gateway': '10.0.2.2',
                                    'dns': '10.0.2.3', 'mac': '02:00:5e:00:53:01'}
        self.provision()
        board = self.boot()

        board.wait_for(r'^NETWORK up, address 10\.0\.2\.77', PATIENCE)
        board.wait_for(SAMPLE, PATIENCE)

    def test_commands(self):
        self.provision()
        board = self.boot()
        board.wait_for(SAMPLE, PATIENCE)

        self.assertIn('ERROR no such command', self.command(board, 'statu'))
        board.type('x' * 100)
        time.sleep(0.2)
        self.assertIn('ERROR line too long', self.command(board, 'x' * 100))
        self.assertIn('provision - ', self.command(board, 'help'))
        self.assertIn('OK', self.command(board, 'request'))
        self.assertIn('OK it just came', self.command(board, 'renew'))
        status = self.command(board, 'status')
        self.assertRegex(status, r'token present, number 1, lives 3[56]\d\d s')
        for memory in ('stack', 'TLS arena'):
            used, size = map(int, re.search(rf'{memory} (\d+) of (\d+)', status).groups())
            self.assertLess(used, size)
            self.assertGreater(used, 0)

    def test_a_console_that_never_rests_does_not_hold_up_the_job(self):
        self.provision()
        board = self.boot()
        board.wait_for(SAMPLE, PATIENCE)
        since = len(board.console)

        with typing(board):
            time.sleep(10)
            board.cut_power()  # It would go on with what waits for it to be read.
        board.gather()

        self.assertGreater(len(re.findall(SAMPLE, board.console[since:], re.MULTILINE)), 1)

    def test_the_processor_sleeps_while_nothing_is_due(self):
        self.settings['device']['sample_period'] = '60'
        self.provision()
        board = self.boot()
        board.wait_for(SAMPLE, PATIENCE)
        time.sleep(5)  # The connection is kept for a while.

        turns, seconds = [], []
        for pause in (10, 0):
            status = self.command(board, 'status')
            turns.append(int(re.search(r'turns of the loop (\d+)', status).group(1)))
            seconds.append(int(re.search(r'uptime (\d+)', status).group(1)))
            time.sleep(pause)

        # Some for the network's timers, some for the characters of the command.
        self.assertLess(turns[1] - turns[0], 20 * (seconds[1] - seconds[0]) + 60)


class JobTls13(Job):
    """The same with TLS 1.3."""
    tls = '1.3'


class Trouble(FirmwareTest):
    """Each failure has its own line, and the firmware goes on."""

    def test_a_ca_that_did_not_sign_the_server(self):
        self.server.stop()
        self.server = self.new_server('untrusted')
        self.settings['server']['url'] = f'https://{emcraft.SERVER}:{self.server.port}'
        self.provision()
        board = self.boot()

        failed = board.wait_for(r'^FAILED certificate not trusted', PATIENCE)
        board.wait_for(r'^FAILED certificate not trusted', PATIENCE, failed.end())
        self.assert_nothing_sent()

    def test_a_certificate_for_another_host(self):
        self.server.stop()
        self.server = self.new_server('wrong_host')
        self.settings['server']['url'] = f'https://{emcraft.SERVER}:{self.server.port}'
        self.provision()

        self.boot().wait_for(r'^FAILED certificate is for another host', PATIENCE)
        self.assert_nothing_sent()

    def test_a_certificate_that_expired(self):
        self.server.stop()
        self.server = self.new_server('expired')
        self.settings['server']['url'] = f'https://{emcraft.SERVER}:{self.server.port}'
        self.provision()

        self.boot().wait_for(r'^FAILED certificate expired', PATIENCE)
        self.assert_nothing_sent()

    def test_an_arena_that_is_too_small_for_the_chain_is_no_bad_certificate(self):
        self.server.stop()
        self.server = self.new_server('rsa')
        self.settings['server'] |= {'url': f'https://{emcraft.SERVER}:{self.server.port}',
                                    'ca_file': str(harness.chain('rsa').ca_file)}
        self.provision()
        board = self.boot(of=os.environ['CONNECT_AUTH_SMALL_ARENA'])

        failed = board.wait_for(r'^FAILED TLS arena too small', PATIENCE)
        board.wait_for(r'^FAILED TLS arena too small', PATIENCE, failed.end())
        self.assertNotIn('certificate', board.console)
        self.assertIn('state running', self.command(board, 'status'))
        self.assert_nothing_sent()

    def test_a_name_that_nobody_resolves(self):
        self.settings['server']['url'] = 'https://server.example'
        self.provision()

        # QEMU's DHCP names no server for names where restrict=on.
        self.boot().wait_for(r'^FAILED server or name not reachable, reason 39,', PATIENCE)

    def test_a_code_that_is_spent(self):
        code = self.server.add_code()
        self.device.use_code(code)
        self.secrets = [harness.CLIENT_SECRET, code]
        self.provision()
        board = self.boot()
        board.wait_for(NEW, PATIENCE)

        self.assertIn('OK', self.command(board, 'forget'))
        self.assertIn('ERROR a new code is needed', self.command(board, 'renew'))

    def test_a_server_that_is_down_and_comes_back(self):
        port = self.server.port
        self.server.stop()
        self.provision()
        board = self.boot(emcraft.network_to(port))
        # Reset or ended, as the relay is gone before or after the first octets: TLS -80 or -29312.
        board.wait_for(r'^FAILED connection lost, reason 40, TLS', PATIENCE)

        self.server = self.new_server(port=port)

        board.wait_for(NEW, PATIENCE)

    def test_refused_credentials_are_left_alone_over_reboots(self):
        self.device.use_password('Administrator', 'wrong')
        self.provision()
        board = self.boot()
        board.wait_for(r'^FAILED credentials refused', PATIENCE)
        for _ in range(3):
            self.command(board, 'reboot')
            board.wait_for(r'^NETWORK up', PATIENCE, len(board.console))
            self.assertIn('next attempt in ', self.command(board, 'status'))

        self.assertEqual(self.server.failed_logins, 1)
        self.assertIn('OK', self.command(board, 'retry'))
        board.wait_for(r'^FAILED credentials refused', PATIENCE, len(board.console))
        self.assertEqual(self.server.failed_logins, 2)

    def test_no_settings_no_key_no_flash(self):
        emcraft.make_nor(self.nor)
        self.key.write_bytes(bytes(32))
        self.boot().wait_for(r'^PROVISION no device key', PATIENCE)
        self.key.write_bytes(os.urandom(32))
        self.boot().wait_for(r'^PROVISION none', PATIENCE)

    def test_settings_of_another_device(self):
        self.provision()
        self.key.write_bytes(os.urandom(32))

        self.boot().wait_for(r"^PROVISION sealed with another device's key", PATIENCE)

    def test_settings_that_rotted(self):
        self.provision()
        octets = bytearray(self.nor.read_bytes())
        octets[octets.index(b'CA\x02\x03') + 60] ^= 1
        self.nor.write_bytes(octets)

        # The ring's own checksum finds it before the seal does.
        self.boot().wait_for(r'^PROVISION none: ', PATIENCE)

    def test_a_cable_that_is_out(self):
        self.server.lifetime = 40
        self.provision()
        monitor = self.device.directory / 'monitor'
        board = self.boot(options=['-qmp', f'unix:{monitor},server=on,wait=off'])
        board.wait_for(NEW, PATIENCE)
        wire = emcraft.Monitor(monitor)

        wire.set_link('n0', up=False)
        out = board.wait_for(r'^NETWORK down', PATIENCE).end()
        time.sleep(CABLE_SECONDS)
        wire.set_link('n0', up=True)

        back = board.wait_for(r'^NETWORK up', PATIENCE, out).end()
        board.wait_for(NEW, PATIENCE, back)
        self.assertNotIn('FAILED', board.console[out:])


if __name__ == '__main__':
    unittest.main()
