#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the firmware's job takes, in instructions of the Cortex-M3 and octets of stack.

usage: firmware.py --program PROGRAM --image IMAGE [--check]

Under QEMU's -icount an instruction takes a nanosecond; the firmware counts the time in which it does not
sleep. --check fails where a resumed renewal with TLS 1.2 takes more than a 60th of a full one.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / 'firmware'), str(TESTS / 'server')]

import certificates  # noqa: E402
import demo  # noqa: E402
import emcraft  # noqa: E402
from oauth_server import OAuthServer  # noqa: E402

SECONDS = 120
STACK_BEGIN = 0x20000000  # Of main() and all that it calls, painted at the start.
STACK_BYTES = 6144
PAINT = b'\xc5'
INSTRUCTION_CLOCK = ['-icount', 'shift=0']
GOAL = 60
CASES = [(tls, chain) for tls in ('1.2', '1.3') for chain in ('ecdsa', 'rsa')]


def status(board):
    """(thousands of instructions so far, octets of stack)."""
    since = len(board.console)
    board.send('status')
    board.wait_for(r'^OK\r?\n', SECONDS, since)
    said = board.console[since:]
    return int(re.search(r'awake (\d+)', said).group(1)), int(re.search(r'stack (\d+)', said).group(1))


def renewal(board):
    """Thousands of instructions of a renewal, and how its TLS was."""
    time.sleep(3)  # The ring looks its blocks over after a start.
    before, _ = status(board)
    since = len(board.console)
    board.send('renew')
    how = board.wait_for(r'^TOKEN new.*TLS (\w+)\r?\n', SECONDS, since).group(1)
    return status(board)[0] - before, how


def first_start(options, nor, key):
    """(thousands of instructions, octets of stack) of a start without a network on flash that was never used:
    the ring looks over all of it. So a token's share does not depend on how soon it is asked for."""
    with emcraft.Board(options.image, nor=nor, key=key, options=INSTRUCTION_CLOCK) as board:
        board.wait_for(r'^PROVISION found', SECONDS)
        time.sleep(3)
        said = status(board)
        time.sleep(2)  # QEMU writes to the file a little later.
    return said


def measure(options, tls, chain):
    """One row of the table."""
    with tempfile.TemporaryDirectory() as scratch, \
            OAuthServer(certificates.make_chain(options.certificates, chain), tls=tls) as server:
        work = pathlib.Path(scratch)
        nor, key = work / 'nor.bin', work / 'device.key'
        configuration = demo.write_configuration(work, server, sample=False)
        subprocess.run([options.program, '--config', configuration, 'provision', nor], check=True)
        first, stack_start = first_start(options, nor, key)
        with emcraft.Board(options.image, nor=nor, key=key, reboots=True,
                           network=emcraft.network_to(server.port), options=INSTRUCTION_CLOCK) as board:
            board.wait_for(r'^TOKEN new', SECONDS)
            cold, stack_full = status(board)
            board.send('reboot')
            restart = board.wait_for(r'^TOKEN kept', SECONDS).end()
            board.wait_for(r'^NETWORK up', SECONDS, restart)
            kept, _ = status(board)
            resumed, how = renewal(board)
            _, stack_resumed = status(board)
    if how != 'resumed':
        raise RuntimeError(f'TLS {tls} was not resumed:\n{board.console}')
    return first, cold, kept, resumed, (cold - kept) / resumed, (stack_start, stack_full, stack_resumed)


def measure_provisioning(options, chain):
    """Octets of stack up to the reset that a record from the console ends with. QEMU stops there."""
    with tempfile.TemporaryDirectory() as scratch, \
            OAuthServer(certificates.make_chain(options.certificates, chain)) as server:
        work = pathlib.Path(scratch)
        nor, monitor, stack = work / 'nor.bin', work / 'monitor', work / 'stack'
        emcraft.make_nor(nor)
        configuration = demo.write_configuration(work, server, sample=False)
        lines = subprocess.run([options.program, '--config', configuration, 'provision', '-'],
                               check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        with emcraft.Board(options.image, nor=nor, key=work / 'device.key',
                           options=['-no-shutdown', '-qmp', f'unix:{monitor},server=on,wait=off']) as board:
            board.wait_for(r'^PROVISION none', SECONDS)
            for number, line in enumerate(lines[:-1]):
                board.send(line)
                board.wait_for(rf'(OK \d+\s+){{{number + 1}}}', SECONDS)
            board.send(lines[-1])
            board.wait_for(r'^PROVISION received', SECONDS)
            emcraft.Monitor(monitor).save_memory(STACK_BEGIN, STACK_BYTES, stack)
        return len(stack.read_bytes().lstrip(PAINT))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', required=True)
    parser.add_argument('--image', required=True)
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()
    bad = False
    print('TLS  chain  first start  cold boot to token  reboot to kept token  resumed renewal  full/resumed'
          '  stack: start, full, resumed')
    with tempfile.TemporaryDirectory() as options.certificates:
        for tls, chain in CASES:
            first, cold, kept, resumed, ratio, stacks = measure(options, tls, chain)
            print(f'{tls}  {chain:5}  {first / 1000:9.1f} M {cold / 1000:18.1f} M {kept / 1000:19.2f} M {resumed / 1000:14.2f} M'
                  f' {ratio:13.1f}  {stacks}', flush=True)
            bad = bad or (tls, chain) == ('1.2', 'ecdsa') and ratio < GOAL
        print(f'stack, provisioning over the console: {measure_provisioning(options, "rsa")}')
    if bad and options.check:
        print(f'A resumed renewal takes more than a {GOAL}th of a full one.')
    return 1 if bad and options.check else 0


if __name__ == '__main__':
    sys.exit(main())
