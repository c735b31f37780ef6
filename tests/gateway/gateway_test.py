# SPDX-License-Identifier: Apache-2.0
"""connect-auth on the emulated gateway, installed and configured as a user would, with the bundled server
on its network.

CONNECT_AUTH_BUILD is the build directory, CONNECT_AUTH_CPACK makes the package there; CONNECT_AUTH_SYSROOT says
where the C library is.
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import machine

sys.path[:0] = [str(machine.HERE.parent / folder) for folder in ('packaging', 'program', 'support')]

import harness  # noqa: E402
import package  # noqa: E402
import relay  # noqa: E402

# Ethernet, and the bus of the clock.
MODULES = {'fec': '', 'i2c-imx': ''}
CLOCK = ['-device', 'ds1338,bus=i2c-bus.0,address=0x68']
PROGRAMS = ('measure', 'mtd_partition')
# What the package depends upon.
C_LIBRARY = ('lib/ld-linux-armhf.so.3', 'lib/libc.so.6')
FOLDER = 'etc/connect-auth'
# For an errand on a loaded machine.
PATIENCE = 60


def installed():
    """The files of the package."""
    with tempfile.TemporaryDirectory() as made:
        configuration = pathlib.Path(os.environ['CONNECT_AUTH_BUILD'], 'CPackConfig.cmake')
        subprocess.run([os.environ['CONNECT_AUTH_CPACK'], '--config', configuration, '-B', made], cwd=made,
                       stdout=subprocess.PIPE, check=True)
        return package.Package(next(pathlib.Path(made).glob('*.deb'))).regular()


class GatewayTest(harness.ProgramTest):
    """A server, and the settings of a gateway that is to be made."""

    chain_kind = 'rsa'
    tls = '1.2'

    def setUp(self):
        super().setUp()
        self.settings = self.device.settings
        self.settings['server'] |= {'url': f'https://{relay.SERVER}:{self.server.port}',
                                    'ca_file': f'/{FOLDER}/ca.pem'}
        self.settings['client']['secret_file'] = f'/{FOLDER}/client-secret'
        self.settings['grant']['password_file'] = f'/{FOLDER}/user-password'
        self.settings['store'] = {'path': '/dev/mtd1', 'key_file': f'/{FOLDER}/key'}

    def make_gateway(self):
        """The machine with the package and its settings installed; its consoles never show a secret."""
        self.device.write_configuration()
        own = {'connect-auth.conf': self.device.configuration, 'ca.pem': self.server.chain.ca_file}
        own |= {name: self.device.directory / name for name in ('client-secret', 'user-password', 'key')}
        paths = {'bin/errands': machine.HERE / 'errands',
                 **{name: pathlib.Path(os.environ['CONNECT_AUTH_SYSROOT'], name) for name in C_LIBRARY},
                 **{f'{FOLDER}/{name}': path for name, path in own.items()}}
        files = installed() | {name: path.read_bytes() for name, path in paths.items()}
        gateway = machine.Gateway(self.id().rpartition('.')[2], PROGRAMS, MODULES, files,
                                  [*relay.network_to(self.server.port), *CLOCK])
        self.addCleanup(self.assert_silent, gateway)
        return gateway

    def assert_silent(self, gateway):
        """No secret was ever on the console, nor a complaint of the program."""
        for console in gateway.folder.glob('console-*'):
            text = console.read_bytes()
            self.assert_no_secret(text, self.secrets_of(self.device))
            self.assertNotIn(b'connect-auth: ', text, console)

    def run_errands(self, gateway, *errands):
        """A boot that ends well. Returns what it said."""
        with gateway.boot(f'errands {" ".join(errands)}') as boot:
            self.assertEqual(boot.wait_for_reboot(PATIENCE * len(errands)), 0, boot.text())
        self.assertTrue(self.server.settle())
        return boot.text()

    def tokens_issued(self):
        """The hashes of all that the server has issued, in order."""
        return [hashlib.sha256(token.encode()).hexdigest() for token in self.server.tokens_issued]

    def tokens_in(self, text, word='token'):
        """The hashes of those that the gateway says it has."""
        return re.findall(rf'^{word} ([0-9a-f]{{64}})\n', text, re.MULTILINE)
