"""SVG plots of the results, beside docs/benchmarks.md. The same results give the same files."""

from __future__ import annotations

import math
import pathlib
import re
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.figure import Figure

from suite.results import Results, RowResult
from suite.row import SECTIONS, plural

OURS = "#00796b"  # of the site
OTHERS = ("#8d6e63", "#5c6bc0", "#ef6c00", "#c2185b", "#689f38", "#0288d1", "#757575", "#fbc02d")
STYLE: Any = {
    "svg.hashsalt": "sioserve",
    "svg.fonttype": "none",  # text stays text: smaller, and searched
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
}
WIDTH = 8.0  # inches
PERCENTILE = re.compile(r"p([\d.]+) ms")
FAMILY = re.compile(r"(.+)-(\d+)")
LEAST_FAMILY = 3  # rows
HIGHEST_PERCENTILE = 99.99


def write(results: Results, folder: pathlib.Path) -> dict[str, list[tuple[str, str]]]:
    """Writes benchmarks-*.svg and removes those of an earlier run. Gives for each section the names
    of its plots, and what they show.
    """
    for old in folder.glob("benchmarks-*.svg"):
        old.unlink()
    written: dict[str, list[tuple[str, str]]] = {}
    with mpl.rc_context(STYLE):
        for section in SECTIONS:
            rows = [row for row in results.rows.values() if row.section == section]
            for name, shown, figure in _figures(section, rows):
                file = f"benchmarks-{name}.svg"
                _save(figure, folder / file)
                written.setdefault(section, []).append((file, shown))
    return written


def _save(figure: Figure, path: pathlib.Path) -> None:
    figure.savefig(path, metadata={"Date": None, "Creator": None}, facecolor="white")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n")


def _figures(section: str, rows: Sequence[RowResult]) -> Iterator[tuple[str, str, Figure]]:
    """The name, what it shows, and the plot."""
    slug = section.lower().replace(".", "")
    bars = [row for row in rows if _bars(row)] if section != "Growth" else []
    if bars and section != "Latency":
        rates = any(row.compared in ("cpu", "rate") for row in bars)
        yield slug, f"{section}: throughput" if rates else section, _bar_chart(bars)
    for row in rows:
        if section == "Latency" and (curves := _curves(row)):
            yield row.key, f"Latency: {row.title}", _latency_chart(row, curves)
    for family, members in _families(rows).items():
        shown = f"How the cost per {members[0].unit} grows: {family}"
        yield f"growth-{family}", shown, _growth_chart(family, members)


def _colors(servers: Sequence[str]) -> dict[str, str]:
    others = [server for server in servers if server != "sioserve"]
    colors = {server: OTHERS[i % len(OTHERS)] for i, server in enumerate(others)}
    return {"sioserve": OURS, **colors}


def _bars(row: RowResult) -> list[tuple[str, float]]:
    """For a bar chart: each server and its value, which is a rate if CPU time is compared."""
    found = []
    for server, result in row.servers.items():
        values = [value for value in result.values(row.compared) if value]
        if values:
            middle = statistics.median(values)
            found.append((server, 1e6 / middle if row.compared == "cpu" else middle))
    return found


def _bar_label(row: RowResult) -> str:
    if row.compared == "cpu":
        return f"{plural(row.unit)} per second of CPU time"
    if row.compared == "rate":
        return f"{plural(row.unit)} per second"
    return f"{row.compared} (less is better)" if row.less_is_better else row.compared


def _bar_chart(rows: Sequence[RowResult]) -> Figure:
    """One panel for each row."""
    bars = [_bars(row) for row in rows]
    heights = [len(each) + 2.2 for each in bars]
    figure = Figure(figsize=(WIDTH, 0.2 * sum(heights)), layout="constrained")
    panels = figure.subplots(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for row, each, axes in zip(rows, bars, panels, strict=True):
        names = [name for name, _ in each]
        colors = [OURS if name == "sioserve" else "#b0bec5" for name in names]
        drawn = axes.barh(names, [value for _, value in each], color=colors, height=0.75)
        axes.bar_label(drawn, [_short(value) for _, value in each], padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_title(f"{row.title}: {_bar_label(row)}")
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(left=False)
    return figure


def _short(value: float) -> str:
    """With three digits at most."""
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _curves(row: RowResult) -> dict[str, list[tuple[float, float]]]:
    """For each server the percentiles and their milliseconds, medians of the rounds."""
    curves = {}
    for server, result in row.servers.items():
        rounds = [one.figures for one in result.rounds if one]
        points = []
        for name in dict.fromkeys(name for figures in rounds for name in figures):
            if (match := PERCENTILE.fullmatch(name)) and float(match[1]) <= HIGHEST_PERCENTILE:
                values = [figures[name] for figures in rounds if name in figures]
                points.append((float(match[1]), statistics.median(values)))
        if len(points) >= LEAST_FAMILY:
            curves[server] = sorted(points)
    return curves


def _nines(percentile: float) -> float:
    """Where the percentile is on an axis on which 90, 99 and 99.9 have the same distance."""
    return -math.log10(1 - percentile / 100)


def _latency_chart(row: RowResult, curves: dict[str, list[tuple[float, float]]]) -> Figure:
    figure, axes = _line_chart(row.title, "milliseconds")
    colors = _colors(list(row.servers))
    for server, points in curves.items():
        places = [_nines(percentile) for percentile, _ in points]
        _line(axes, places, [value for _, value in points], server, colors[server])
    shown = [each for each in (50, 90, 99, 99.9, HIGHEST_PERCENTILE) if _reaches(curves, each)]
    axes.set_xticks([_nines(each) for each in shown], [f"{each:g} %" for each in shown])
    return _finished(figure, axes)


def _reaches(curves: dict[str, list[tuple[float, float]]], percentile: float) -> bool:
    return any(points[-1][0] >= percentile for points in curves.values())


def _families(rows: Sequence[RowResult]) -> dict[str, list[RowResult]]:
    """Rows whose keys differ only in the number at their ends, in the order of these."""
    numbered: dict[str, list[tuple[int, RowResult]]] = {}
    for row in rows:
        if match := FAMILY.fullmatch(row.key):
            numbered.setdefault(match[1], []).append((int(match[2]), row))
    return {
        family: [row for _, row in sorted(members, key=lambda member: member[0])]
        for family, members in numbered.items()
        if len(members) >= LEAST_FAMILY
    }


def _growth_chart(family: str, members: Sequence[RowResult]) -> Figure:
    """The compared value of each server, by the number at the end of the key."""
    unit = members[0].unit
    label = f"CPU µs per {unit}" if members[0].compared == "cpu" else members[0].compared
    figure, axes = _line_chart(f"{label}, {family}", label)
    servers = list(dict.fromkeys(name for row in members for name in row.servers))
    for server, color in _colors(servers).items():
        points = []
        for row in members:
            result = row.servers.get(server)
            values = [value for value in result.values(row.compared) if value] if result else []
            if values:
                points.append((_number_of(row), statistics.median(values)))
        if len(points) >= 2:
            _line(axes, [x for x, _ in points], [y for _, y in points], server, color)
    axes.set_xscale("log")
    numbers = [_number_of(row) for row in members]
    axes.set_xticks(numbers, [f"{number:,}" for number in numbers])
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    return _finished(figure, axes)


def _number_of(row: RowResult) -> int:
    match = FAMILY.fullmatch(row.key)
    assert match, row.key
    return int(match[2])


def _line_chart(title: str, label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.set_ylabel(label)
    return figure, axes


def _finished(figure: Figure, axes: Any) -> Figure:
    """With a logarithmic axis and the names of the lines, the highest one first."""
    axes.set_yscale("log")
    numbers = ticker.FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(numbers)
    lowest, highest = axes.get_ylim()
    if highest / lowest < 30:  # few powers of ten
        axes.yaxis.set_minor_locator(ticker.LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter(numbers)
        axes.grid(axis="y", which="minor", color="#eceff1")
    axes.grid(axis="y", color="#eceff1")
    lines = sorted(axes.get_lines(), key=lambda line: -line.get_ydata()[-1])
    figure.legend(handles=lines, loc="outside right center", frameon=False)
    return figure


def _line(
    axes: Any, places: Sequence[float], values: Sequence[float], server: str, color: str
) -> None:
    ours = server == "sioserve"
    width = 2.4 if ours else 1.2
    axes.plot(places, values, color=color, marker="o", markersize=3, linewidth=width, label=server)
