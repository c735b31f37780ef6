#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One TCP connection between standard input and output and a port of this machine.

usage: relay.py PORT

QEMU starts it for each connection that the board makes (guestfwd, with "cmd:"): given an address instead,
QEMU would push all of them through one.
"""
import os
import selectors
import socket
import sys


def main():
    try:
        server = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    except OSError:
        return  # The board sees the connection end.
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
