#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an image with CMocka tests on the board; its exit status is that of the tests.

usage: run_image.py [--seconds SECONDS] IMAGE
"""
import argparse
import sys

import emcraft


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=300, help='time limit (default: 300)')
    parser.add_argument('image')
    options = parser.parse_args()
    try:
        status, console = emcraft.run(options.image, options.seconds)
    except emcraft.Ended as end:
        print(end)
        return 1
    print(console)
    return min(abs(status), 100)


if __name__ == '__main__':
    sys.exit(main())
