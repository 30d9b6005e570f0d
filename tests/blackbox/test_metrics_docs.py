"""docs/metrics.md knows every metric, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.metrics import ADDRESS, Scrape, metric_names, scrape
from support.server import ROOT, ServerProcess
from support.waiting import eventually

ROW = re.compile(r"^\| `(\S+)` \| (counter|gauge|histogram) \| (.*?) \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def page() -> Iterator[Scrape]:
    server = ServerProcess("plain:application", "--no-access-log", *ADDRESS).start()
    httpx.get(f"{server.url}/hello")
    eventually(lambda: scrape(server).labels("sioserve_python_threads_limit"))
    yield scrape(server)
    server.stop()


def name_in_queries(family: Any) -> str:
    return str(family.name) + ("_total" if family.type == "counter" else "")


def test_the_documentation_has_a_row_for_each_metric(page: Scrape) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    rows = {match[1]: (match[2], match[4]) for match in ROW.finditer(text)}
    expected = {
        name_in_queries(family): (family.type, family.documentation)
        for family in page.families.values()
    }
    assert rows == expected


def test_the_documentation_has_the_labels_of_each_metric(page: Scrape) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    documented = {match[1]: set(re.findall(r"`(\w+)`", match[3])) for match in ROW.finditer(text)}
    for family in page.families.values():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == documented[name_in_queries(family)], sample


def test_the_documentation_names_metrics_that_exist(page: Scrape) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    families = {name_in_queries(family) for family in page.families.values()}
    assert metric_names(text) <= families
