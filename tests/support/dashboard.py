"""Reads docs/grafana-dashboard.json, and as much of PromQL as its queries use."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from .server import ROOT

PATH = ROOT / "docs" / "grafana-dashboard.json"
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
VARIABLE = re.compile(r"\$\{?\w+\}?")


class Query(NamedTuple):
    """What one line or group of lines of a panel shows."""

    panel: str
    unit: str
    expression: str
    legend: str

    def __str__(self) -> str:
        return f"{self.panel}: {self.expression}"


class Selector(NamedTuple):
    """A metric in a query, with the labels that it must have."""

    metric: str
    matchers: list[tuple[str, str, str]]  # label, operator, value


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(PATH.read_text())
    return loaded


def charts(source: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels that are no rows."""
    return [panel for panel in source["panels"] if panel["type"] != "row"]


def queries(source: dict[str, Any]) -> list[Query]:
    return [
        Query(
            panel["title"],
            panel["fieldConfig"]["defaults"]["unit"],
            target["expr"],
            target["legendFormat"],
        )
        for panel in charts(source)
        for target in panel["targets"]
    ]


def selectors(expression: str) -> list[Selector]:
    return [
        Selector(name, MATCHER.findall(inside)) for name, inside in SELECTOR.findall(expression)
    ]


def grouped_by(expression: str) -> set[str] | None:
    """The labels of a sum; None if there is no sum with labels."""
    found = GROUPED.search(expression)
    return {label.strip() for label in found[1].split(",")} if found else None


def legend_labels(legend: str) -> set[str]:
    return set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))


def legend_of(legend: str, labels: dict[str, str]) -> str:
    """As Grafana writes it."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), legend)


def filled_in(expression: str, rate_interval: str) -> str:
    """For Prometheus: with the values that the variables have at first."""
    values = {"$job": ".*", "$instance": ".*", "$__rate_interval": rate_interval}
    return VARIABLE.sub(lambda found: values[found[0]], expression)
