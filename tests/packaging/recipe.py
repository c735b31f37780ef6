# SPDX-License-Identifier: Apache-2.0
"""Reads what of BitBake's language the recipe uses, and refuses everything else."""

import re

_ASSIGNMENT = re.compile(r'^([A-Za-z_][\w.:${}\[\]-]*) (\?=|\+=|\.=|=) "(.*)"$')
_FUNCTION = re.compile(r"^(\w+)\(\) \{$")


class Recipe:
    """Variables (after `=`, `?=`, `+=` and `.=`), inherited classes, and functions of the shell."""

    def __init__(self, text: str) -> None:
        self.variables: dict[str, str] = {}
        self.classes: list[str] = []
        self.functions: dict[str, str] = {}
        lines = iter(re.sub(r" *\\\n *", " ", text).splitlines())
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            if function := _FUNCTION.match(line):
                self.functions[function[1]] = "\n".join(iter(lambda: next(lines), "}"))
            elif line.startswith("inherit "):
                self.classes += line.split()[1:]
            elif assignment := _ASSIGNMENT.match(line):
                self._assign(*assignment.groups())
            else:
                raise ValueError(f"cannot be read: {line}")

    def _assign(self, name: str, operator: str, value: str) -> None:
        """As BitBake does, without its delays."""
        before = self.variables.get(name, "")
        if operator == "?=" and name in self.variables:
            return
        self.variables[name] = {"+=": f"{before} {value}", ".=": before + value}.get(operator, value)

    def expanded(self, name: str, **known: str) -> str:
        """A variable, with those that it names put in."""
        values = self.variables | known
        text = values[name]
        while found := re.search(r"\$\{(\w+)\}", text):
            text = text.replace(found[0], values[found[1]])
        return text
