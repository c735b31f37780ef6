#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows the firmware at work: provisioned, booted twice on an emulated board, with the bundled server on
its network.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import emcraft

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'server'))

import certificates  # noqa: E402
from oauth_server import OAuthServer  # noqa: E402

SECONDS = 60
CONFIGURATION = '''[server]
url = https://{address}:{port}
ca_file = {ca}
[client]
id = {server.client_id}
secret_file = {work}/secret
[grant]
username = {server.username}
password_file = {work}/password
[device]
key_file = {work}/device.key
start_spread = 0
'''
SAMPLE = 'sample = /Connect/api/devices\n'


def tell(text):
    print(f'\n\033[1m{text}\033[0m', flush=True)


def write_configuration(work, server, sample=True):
    for name, secret in (('secret', server.client_secret), ('password', server.password)):
        (work / name).write_text(secret)
        (work / name).chmod(0o600)
    path = work / 'connect-auth.conf'
    path.write_text(CONFIGURATION.format(address=emcraft.SERVER, port=server.port, work=work,
                                         ca=server.chain.ca_file, server=server) +
                    (SAMPLE if sample else ''))
    return path


def show_boots(options, work, server):
    nor = work / 'nor.bin'
    tell('1. connect-auth provision: the configuration, sealed with the device\'s key, into the image '
         'of its flash')
    subprocess.run([options.program, '--config', write_configuration(work, server), 'provision', nor],
                   check=True)
    tell('2. The first boot: DHCP, TLS with a verified server, a token, an API request with it')
    with emcraft.Board(options.image, nor=nor, key=work / 'device.key', reboots=True,
                       network=emcraft.network_to(server.port)) as board:
        board.wait_for(r'^SAMPLE.*\n', SECONDS)
        print(board.console, end='')
        tell('3. reboot: the token is there, nobody is asked for one, and TLS is resumed')
        shown = len(board.console)
        board.send('reboot')
        board.wait_for(r'^SAMPLE.*\n', SECONDS, shown)
        board.send('status')
        board.wait_for(r'^stack(?:.*\n)*OK', SECONDS, shown)
        print(board.console[shown:])
    print(f'The server was asked for {server.token_requests} token, and '
          f'{sum(each.resumed for each in server.connections)} of its '
          f'{len(server.connections)} connections resumed a session.')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', required=True, help='connect-auth for this machine')
    parser.add_argument('--image', required=True, help='the firmware')
    options = parser.parse_args()
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        with OAuthServer(certificates.make_chain(str(work / 'certificates'), 'ecdsa')) as server:
            show_boots(options, work, server)


if __name__ == '__main__':
    main()
