"""Writes the measured part of docs/benchmarks.md, and its plots, from the results.

A cell of a table says how many times as good sioserve was as another server: the other's value
divided by sioserve's if less is better, and the reverse if more is.
"""

from __future__ import annotations

import pathlib

from suite.aims import Ratio, Verdict, ratio_to, verdicts
from suite.results import ROOT, Results, RowResult
from suite.row import SECTIONS, plural

PAGE = ROOT / "docs/benchmarks.md"
BEGIN = "<!-- Measured: scripts/bench writes this part. -->"
END = "<!-- The end of the measured part. -->"
NONE = ""


def write(results: Results, page: pathlib.Path = PAGE) -> None:
    """Replaces the measured part. The plots are written beside the page. Raises ValueError if the
    page has no such part.
    """
    from suite import plots  # needs matplotlib

    pictures = plots.write(results, page.parent)
    page.write_text(replaced(page.read_text(), measured_part(results, pictures)))


def replaced(page: str, part: str) -> str:
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {END if begin else BEGIN}")
    return f"{before}{BEGIN}\n\n{part.strip()}\n\n{END}{after}"


def measured_part(results: Results, pictures: dict[str, list[tuple[str, str]]]) -> str:
    """Markdown. `pictures`: for each section the file names of its plots, and what they show."""
    parts = [_introduction(results)]
    if aims := _aims(results):
        parts += ["### Aims", aims]
    for section in SECTIONS:
        rows = [row for row in results.rows.values() if row.section == section]
        if not rows:
            continue
        parts += [f"### {section}", *_table(rows)]
        parts += [f"![{shown}]({name})" for name, shown in pictures.get(section, ())]
    if missing := _missing(results):
        parts += ["### Not measured", missing]
    return "\n\n".join(parts) + "\n"


def _introduction(results: Results) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return (
        f"{_count(results.rounds, 'round')} of {results.seconds:g} s for each row and server, on a "
        f"machine with {_count(results.cores, 'core')}. {versions}."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _aims(results: Results) -> str:
    lines = [
        f"| {row.title} | {verdict.aim} | {_reached(verdict)} |"
        for row in results.rows.values()
        for verdict in verdicts(results, row)
    ]
    return "\n".join(["| | aim | reached |", "|---|---|---|", *lines]) if lines else ""


def _reached(verdict: Verdict) -> str:
    if verdict.reached is None:
        return "not measured"
    return f"{_number(verdict.reached)}, {'**met**' if verdict.met else 'not met'}"


def _table(rows: list[RowResult]) -> list[str]:
    """The servers are the columns, in the order in which the rows name them. Empty without any."""
    others = list(dict.fromkeys(name for row in rows for name in row.servers if name != "sioserve"))
    others = [name for name in others if any(_cell(row, name) for row in rows)]
    lines = [
        f"| {row.title} | {_compared(row)} | "
        + " | ".join(_cell(row, name) for name in others)
        + " |"
        for row in rows
    ]
    head = ["| | compared | " + " | ".join(others) + " |", "|---|---|" + "---|" * len(others)]
    return ["\n".join([*head, *lines])] if others else []


def _compared(row: RowResult) -> str:
    what = {"cpu": f"CPU time per {row.unit}", "rate": f"{plural(row.unit)} per second"}
    return what.get(row.compared, row.compared)


def _cell(row: RowResult, server: str) -> str:
    ratio = ratio_to(row, server) if server in row.servers else None
    return _ratio(ratio) if ratio else NONE


def _ratio(ratio: Ratio) -> str:
    median = f"**{_number(ratio.median)}**"
    if ratio.least == ratio.most:
        return median
    return f"{median} ({_number(ratio.least)} to {_number(ratio.most)})"


def _number(value: float) -> str:
    """With three digits: 0.873, 4.21, 87.4, 1,250."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def _missing(results: Results) -> str:
    """Rows that a server failed in, grouped by the reason."""
    rows_of: dict[tuple[str, str], list[str]] = {}
    for row in results.rows.values():
        for name, server in row.servers.items():
            if server.failure and not any(server.rounds):
                rows_of.setdefault((name, server.failure), []).append(row.key)
    return "\n".join(
        f"* {name} ({', '.join(f'`{key}`' for key in keys)}): {reason}"
        for (name, reason), keys in rows_of.items()
    )
