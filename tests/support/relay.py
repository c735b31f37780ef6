#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The network of an emulated machine: nothing but DHCP, and one port of this machine.

usage: relay.py PORT

One TCP connection between standard input and output and that port. QEMU starts it for each connection
that the emulated machine makes (guestfwd, with "cmd:"): given an address instead, QEMU would push all of
them through one.
"""
import os
import selectors
import shlex
import socket
import sys

# Where the emulated machine sees the server: a name of its certificate.
SERVER = '10.0.2.100'


def network_to(port, extra=''):
    """QEMU's options for a network with nothing on it but DHCP, and at SERVER a port of this machine."""
    return ['-nic', f'user,id=n0,restrict=on{extra},guestfwd=tcp:{SERVER}:{port}-{relay_to(port)}']


def relay_to(port):
    """What QEMU starts for each connection to a port of this machine: see guestfwd."""
    command = shlex.join(['/usr/bin/python3', os.path.abspath(__file__), str(port)])
    return f'cmd:{command}'.replace(',', ',,')


def main():
    try:
        server = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    except OSError:
        return  # The emulated machine sees the connection end.
    ways = selectors.DefaultSelector()
    ways.register(0, selectors.EVENT_READ, lambda octets: server.sendall(octets))
    ways.register(server, selectors.EVENT_READ, lambda octets: write_all(octets))
    while True:
        for key, _ in ways.select():
            octets = os.read(key.fd, 65536)
            if not octets:
                return
            key.data(octets)


def write_all(octets):
    while octets:
        octets = octets[os.write(1, octets):]


if __name__ == '__main__':
    main()
