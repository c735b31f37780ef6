#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the C++ example of the README to a file of its own.

usage: extract_example.py README OUTPUT
"""

import pathlib
import re
import sys


def main() -> None:
    readme, output = (pathlib.Path(name) for name in sys.argv[1:])
    examples = re.findall(r"^```cpp\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.M | re.S)
    if len(examples) != 1:
        raise SystemExit(f"{readme} holds {len(examples)} C++ examples, not one")
    output.write_text(examples[0], encoding="utf-8")


if __name__ == "__main__":
    main()
