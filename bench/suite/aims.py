"""The aims of rows, and whether they are met. suite/row.py has their forms."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass

from suite.results import Results, RowResult

AT_MOST = re.compile(r"at most ([\d.]+)(?: x (.+))?")
AT_LEAST = re.compile(r"(?:at least )?([\d.]+) x (.+)")


@dataclass(frozen=True)
class Verdict:
    aim: str
    met: bool | None  # None: it was not measured, or nothing judges this form
    reached: float | None  # in the aim's own terms


@dataclass(frozen=True)
class Ratio:
    """How many times as good as another server sioserve was."""

    median: float  # of the rounds
    least: float
    most: float


def ratio_to(row: RowResult, server: str) -> Ratio | None:
    """None if no round has both; each round is compared with itself."""
    ours = row.servers["sioserve"].values(row.compared)
    theirs = row.servers[server].values(row.compared)
    ratios = [
        other / mine if row.less_is_better else mine / other
        for mine, other in zip(ours, theirs, strict=False)
        if mine and other
    ]
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def median_of(row: RowResult, server: str = "sioserve") -> float | None:
    """Of the compared figure."""
    found = [value for value in row.servers[server].values(row.compared) if value is not None]
    return statistics.median(found) if found else None


def verdicts(results: Results, row: RowResult) -> list[Verdict]:
    return [_judged(aim.strip(), results, row) for aim in row.aim.split(",") if aim.strip()]


def _judged(aim: str, results: Results, row: RowResult) -> Verdict:
    if at_most := AT_MOST.fullmatch(aim):
        limit, name = float(at_most[1]), at_most[2]
        reached = _share(results, row, name) if name else median_of(row)
        return Verdict(aim, None if reached is None else reached <= limit, reached)
    if at_least := AT_LEAST.fullmatch(aim):
        reached = _least_ratio(row, at_least[2])
        return Verdict(aim, None if reached is None else reached >= float(at_least[1]), reached)
    return Verdict(aim, None, None)


def _share(results: Results, row: RowResult, name: str) -> float | None:
    """sioserve's value divided by that of another server, or by its own in another row."""
    if other := results.row(name):
        mine, base = median_of(row), median_of(other)
        return mine / base if mine is not None and base else None
    least = _least_ratio(row, name)
    if not least:
        return None
    return 1 / least if row.less_is_better else least


def _least_ratio(row: RowResult, name: str) -> float | None:
    """To the best of the servers with this name, or whose name begins with it."""
    ratios = [
        ratio
        for server in row.servers
        if server == name or server.startswith(f"{name} ")
        if (ratio := ratio_to(row, server))
    ]
    return min((ratio.median for ratio in ratios), default=None)
