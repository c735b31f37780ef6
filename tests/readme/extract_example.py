#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the one example of the README in a language, such as cpp, to a file of its own.

usage: extract_example.py README LANGUAGE OUTPUT
"""

import pathlib
import re
import sys


def main() -> None:
    readme, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3])
    examples = re.findall(rf"^```{sys.argv[2]}\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.M | re.S)
    if len(examples) != 1:
        raise SystemExit(f"{readme} holds {len(examples)} examples in {sys.argv[2]}, not one")
    output.write_text(examples[0], encoding="utf-8")


if __name__ == "__main__":
    main()
