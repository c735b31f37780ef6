# SPDX-License-Identifier: Apache-2.0
"""Looks for secrets in the memory of a process that has stopped, as a core dump would show it."""

import dataclasses
import pathlib
import re
from collections.abc import Iterable, Iterator

# What remains of a secret counts from here on, wherever it was cut.
WINDOW, STEP = 12, 4


@dataclasses.dataclass(frozen=True)
class Area:
    """A mapping: its name, as /proc has it, and whether it is kept out of swap."""

    begin: int
    end: int
    name: str
    locked: bool


def areas(pid: int) -> Iterator[Area]:
    """All that the process may read and write."""
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    for found in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) (rw\S+) \S+ \S+ \S+ *(.*)\n(?:[A-Z]\w+:.*\n)*?VmFlags: (.*)$",
                             text, re.MULTILINE):
        begin, end, _, name, flags = found.groups()
        yield Area(int(begin, 16), int(end, 16), name or "anonymous", "lo" in flags.split())


def needles(secret: bytes) -> set[bytes]:
    """Pieces of it; one of them is in every rest of it that is worth having."""
    return {secret[at : at + WINDOW] for at in range(0, max(len(secret) - WINDOW, 0) + 1, STEP)}


def find(pid: int, secrets: dict[str, Iterable[bytes]]) -> list[tuple[str, Area, int]]:
    """Which secret, where: each place once."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for area in areas(pid):
            try:
                memory.seek(area.begin)
                content = memory.read(area.end - area.begin)
            except OSError:
                continue  # [vvar] and the like
            for name, forms in secrets.items():
                for needle in {each for form in forms for each in needles(form)}:
                    at = content.find(needle)
                    if at >= 0:
                        found.append((name, area, area.begin + at))
    return found
