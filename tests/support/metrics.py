"""Reads the metrics of a server with Prometheus' own parsers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from .server import ServerProcess

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
ADDRESS = ("--metrics", "127.0.0.1:0")


class Scrape:
    """The families of a page, and its samples."""

    def __init__(self, families: Mapping[str, Metric]) -> None:
        self.families = families

    def value(self, name: str, **labels: str) -> float | None:
        """Of the sample with this name and all these labels; None if there is none."""
        found = [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) < 2, (name, labels)
        return found[0] if found else None

    def labels(self, name: str) -> list[dict[str, str]]:
        """Of all samples with this name."""
        return [
            dict(sample.labels)
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name
        ]

    def names(self) -> set[str]:
        """Of the samples that each family has, or would have."""
        endings = {
            "counter": ("_total",),
            "gauge": ("",),
            "histogram": ("_bucket", "_sum", "_count"),
        }
        return {
            family.name + ending
            for family in self.families.values()
            for ending in endings[family.type]
        }


def parse(response: httpx.Response) -> Scrape:
    kind = response.headers["content-type"]
    parser = parse_openmetrics if kind.startswith("application/openmetrics") else parse_text
    families = list(parser(response.text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), names
    return Scrape({family.name: family for family in families})


def metrics_url(server: ServerProcess, path: str = "/metrics") -> str:
    """Of a server that was started with ADDRESS."""
    return server.wait_for_log(r"Metrics on (http://\S+)/metrics")[1] + path


def scrape(server: ServerProcess, accept: str = "") -> Scrape:
    response = httpx.get(metrics_url(server), headers={"accept": accept}, timeout=60)
    assert response.status_code == 200, response.text
    return parse(response)


def metric_names(text: str) -> set[str]:
    """The names of this server's metrics in a text, such as a query."""
    return set(re.findall(r"\b(?:sioserve|process)_[a-z0-9_]+\b", text))
