"""Draws the answers of Prometheus as Grafana would, on one page; for scripts/check_dashboard."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 780, 230, 64, 22, 8  # of a chart, pixels
COLORS = (
    *("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffcb7d"),
    *("#37872d", "#e0b400", "#1f60c4", "#fa6400", "#c4162a", "#8f3bb8"),
)
STYLE = """
body { background: #111217; color: #ccccdc; font: 13px sans-serif; margin: 8px; width: 1640px }
.grid { display: grid; grid-template-columns: repeat(24, 1fr); gap: 8px }
.row { font-size: 16px; padding-top: 8px }
.chart { background: #181b1f; border: 1px solid #2c2f36; padding: 8px }
.chart.empty { border-color: #f2495c }
h2 { font-size: 14px; font-weight: 500; margin: 0 0 4px }
text { fill: #9a9aab; font-size: 11px }
.legend { line-height: 1.4 }
.legend i { display: inline-block; width: 14px; height: 4px; margin: 0 6px 3px 12px }
"""
SIZES = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))
THOUSANDS = (("G", 1e9), ("M", 1e6), ("k", 1e3))


class Line(NamedTuple):
    name: str
    points: Sequence[tuple[float, float]]  # time in seconds, value


def amount(value: float, unit: str) -> str:
    """A value as Grafana would write it with this unit."""
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s" and 0 < value < 1:
        return f"{value * 1e6:.3g} µs" if value < 1e-3 else f"{value * 1e3:.3g} ms"
    ending = {"s": " s", "bytes": "B", "Bps": "B/s", "reqps": " req/s", "ops": " ops/s"}.get(
        unit, ""
    )
    for letters, size in SIZES if unit == "bytes" else THOUSANDS:
        if value >= size:
            return f"{value / size:.3g} {letters}{ending.strip()}"
    return f"{value:.3g}{ending}"


def step_of(highest: float) -> float:
    """Between the lines of a grid: four or five of them."""
    rough = highest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)


def svg(lines: Sequence[Line], unit: str, start: float, end: float, largest: float | None) -> str:
    values = [value for line in lines for _, value in line.points]
    highest = largest or max(values, default=0) or 1
    step = step_of(highest)
    top = largest or step * math.ceil(highest / step)

    def x_of(at: float) -> float:
        return LEFT + (at - start) / (end - start) * (WIDTH - LEFT - 8)

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)

    parts = [f'<svg width="100%" viewBox="0 0 {WIDTH} {HEIGHT}">']
    for number in range(round(top / step) + 1):
        y = y_of(number * step)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 8}" stroke="#2c2f36"/>')
        label = amount(number * step, unit)
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for number in range(0, int(end - start) + 1, 10):
        x = x_of(start + number)
        label = f"{number} s"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{label}</text>')
    for index, line in enumerate(lines):
        # A gap in the points is a gap in the line.
        path, before = "", -math.inf
        for at, value in line.points:
            path += f"{'L' if at - before < 2.5 else 'M'}{x_of(at):.1f} {y_of(value):.1f}"
            before = at
        color = COLORS[index % len(COLORS)]
        parts.append(
            f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.5"'
            ' stroke-linecap="round" stroke-linejoin="round"/>'
        )
    return "".join([*parts, "</svg>"])


def chart(panel: dict[str, Any], lines: Sequence[Line], start: float, end: float) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    legend = "".join(
        f'<i style="background: {COLORS[index % len(COLORS)]}"></i>{html.escape(line.name)}'
        for index, line in enumerate(lines)
    )
    drawn = svg(lines, defaults["unit"], start, end, defaults.get("max"))
    kind = "chart" if lines else "chart empty"
    return (
        f'<div class="{kind}" style="grid-column: span {panel["gridPos"]["w"]}">'
        f'<h2>{html.escape(panel["title"])}</h2>{drawn}<div class="legend">{legend}</div></div>'
    )


def page(
    panels: Sequence[dict[str, Any]], lines: dict[int, list[Line]], start: float, end: float
) -> str:
    """`lines`: by the id of the panel."""
    parts = [f'<!DOCTYPE html><meta charset="utf-8"><title>sioserve</title><style>{STYLE}</style>']
    parts.append('<div class="grid">')
    for panel in sorted(panels, key=lambda one: (one["gridPos"]["y"], one["gridPos"]["x"])):
        if panel["type"] == "row":
            title = html.escape(panel["title"])
            parts.append(f'<div class="row" style="grid-column: span 24">{title}</div>')
        else:
            parts.append(chart(panel, lines[panel["id"]], start, end))
    return "".join([*parts, "</div>"])
