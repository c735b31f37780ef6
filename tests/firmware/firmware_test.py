# SPDX-License-Identifier: Apache-2.0
"""The firmware on its board, provisioned as a user would, with the bundled server on its network.

The image is named by CONNECT_AUTH_FIRMWARE, the program that provisions it by CONNECT_AUTH_PROGRAM.
"""
import os
import pathlib
import sys

import emcraft

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'program'))

import harness  # noqa: E402

PATIENCE = 60


def image():
    path = os.environ.get('CONNECT_AUTH_FIRMWARE', '')
    if not os.path.isfile(path):
        raise RuntimeError('set CONNECT_AUTH_FIRMWARE to the image that was built')
    return path


class FirmwareTest(harness.ProgramTest):
    """A server and a provisioned board."""

    tls = '1.2'
    device_settings = {}

    def setUp(self):
        super().setUp()
        self.nor = self.device.directory / 'nor.bin'
        self.key = self.device.directory / 'device.key'
        self.boots = 0
        self.settings = self.device.settings
        del self.settings['store']
        self.settings['limits'] = {}
        self.settings['server']['url'] = f'https://{emcraft.SERVER}:{self.server.port}'
        # No waiting for the device's place in a fleet.
        self.settings['device'] = {'key_file': str(self.key), 'start_spread': '0',
                                   'retry_period': '2', **self.device_settings}
        self.secrets = [harness.CLIENT_SECRET, harness.PASSWORD]

    def provision(self):
        self.assert_done(self.device.run('provision', str(self.nor)))

    def boot(self, network=None, **options):
        """A boot of the board; its console is kept beside the image."""
        self.boots += 1
        log = f'{image()}.{self.id().rpartition(".")[2]}.{self.boots}.console'
        options.setdefault('reboots', True)
        board = self.enterContext(emcraft.Board(
            image(), nor=self.nor, key=self.key, network=network or emcraft.network_to(self.server.port),
            log=log, **options))
        self.addCleanup(self.assert_silent, board)
        return board

    def assert_silent(self, board):
        """No secret was ever on the console."""
        board.gather()
        self.assert_no_secret(board.console.encode(),
                              [*self.secrets, *self.server.tokens_issued])

    def command(self, board, line, answer=r'^(OK|ERROR)[^\n]*\n'):
        """Types a command; returns what the board says up to its answer."""
        since = len(board.console)
        board.send(line)
        end = board.wait_for(answer, PATIENCE, since)
        return board.console[since:end.end()]
