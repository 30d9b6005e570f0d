#!/usr/bin/env python3
"""Writes the tables of docs/settings.md from the table of options.

.venv/bin/python scripts/settings_page.py            rewrites them
.venv/bin/python scripts/settings_page.py --check    exits with 1 if they are not up to date
"""

from __future__ import annotations

import pathlib
import sys

from sioserve.options.option import Group, Option
from sioserve.options.table import GROUPS
from sioserve.options.toml_file import NOT_IN_A_FILE

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "settings.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"


def main() -> int:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    written = before + BEGIN + "".join(map(section, GROUPS)) + "\n" + END + after
    if "--check" in sys.argv[1:]:
        if page != written:
            print("docs/settings.md is not up to date: run scripts/settings_page.py")
        return int(page != written)
    PAGE.write_text(written)
    return 0


def section(group: Group) -> str:
    lines = [
        f"\n## {group.title}\n",
        "| option | environment | key | default | |",
        "|---|---|---|---|---|",
        *map(row, group.options),
    ]
    return "\n".join(lines) + "\n"


def row(option: Option) -> str:
    key = "" if option.name in NOT_IN_A_FILE else code(option.name)
    cells = (flags(option), code(option.variable), key, option.default_text, option.help)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def flags(option: Option) -> str:
    if option.positional:
        return code(option.kind.metavar)
    with_value = [*option.flags]
    if with_value:
        value = f"[{option.kind.metavar}]" if option.bare else option.kind.metavar
        with_value[-1] += f" {value}"
    return ", ".join(map(code, (*with_value, *option.switches)))


def code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    sys.exit(main())
