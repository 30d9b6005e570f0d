"""docs/grafana-dashboard.json against the metrics of a running server.

`scripts/check_dashboard` runs its queries with Prometheus.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import httpx
import pytest
import websockets.sync.client
from support.dashboard import (
    Query,
    charts,
    dashboard,
    filled_in,
    grouped_by,
    legend_labels,
    queries,
    selectors,
)
from support.metrics import ADDRESS, Scrape, metric_names, scrape
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

import socketio

OF_PROMETHEUS = {"job", "instance"}  # labels that it adds to each sample
COLUMNS = 24
# By the query, the first that fits: the unit of what it gives.
UNITS = (
    (r"^histogram_quantile\(.*_seconds_bucket\{", "s"),
    (r"rate\(\w+_seconds_sum\{", "short"),  # seconds in each second
    (r"rate\(\w+_seconds_total\{", "percentunit"),
    (r"rate\(\w+_bytes_total\{", "Bps"),
    (r"rate\(sioserve_http_requests_total\{", "reqps"),
    (r"rate\(\w+_total\{", "ops"),
    (r"_busy\{.* / \w+_limit\{", "percentunit"),
    (r"_bytes\{", "bytes"),
    (r"_seconds\{", "s"),
    (r"", "short"),
)
# What has no effect on the unit.
AROUND = re.compile(r"^(?:label_replace|topk)\((?:\d+, )?")

DASHBOARD = dashboard()
QUERIES = queries(DASHBOARD)
each_query = pytest.mark.parametrize("query", QUERIES, ids=str)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrape]:
    """Of a server with --workers and Redis that has had requests, WebSockets and Socket.IO."""
    redis = RedisServer(tmp_path_factory.mktemp("redis")).start()
    options = ("--workers", "2", "--redis", redis.url, "--no-access-log", *ADDRESS)
    server = ServerProcess("watched:application", *options, cwd=APPS).start()
    assert httpx.get(f"{server.url}/articles/1999/").status_code == 200
    with websockets.sync.client.connect(f"{server.websocket_url}/echo/") as websocket:
        websocket.send("x")
        assert websocket.recv() == "x"
    client = socketio.SimpleClient()
    client.connect(server.url)
    client.call("join", "talk")
    assert client.call("say", "hello") == "hello"
    pings = "sioserve_socketio_ping_round_trip_seconds_count"
    eventually(lambda: scrape(server).value(pings))
    client.disconnect()
    eventually(lambda: scrape(server).labels("sioserve_socketio_session_closes_total"))
    eventually(lambda: len(scrape(server).labels("sioserve_python_threads_limit")) == 2)
    yield scrape(server)
    server.stop()
    redis.stop()


def test_each_kind_of_metric_has_a_panel() -> None:
    assert len(charts(DASHBOARD)) > 20
    for part in ("http", "tls", "http2", "socketio", "redis", "limit", "python", "process"):
        assert any(f"sioserve_{part}" in query.expression for query in QUERIES), part


@each_query
def test_the_metrics_and_labels_exist(page: Scrape, query: Query) -> None:
    names = {selector.metric for selector in selectors(query.expression)}
    assert names
    # None is without the braces that selectors() looks for.
    assert names == metric_names(query.expression)
    for metric, matchers in selectors(query.expression):
        samples = page.labels(metric)
        assert samples, f"{metric} has no sample"
        assert {"job", "instance"} <= {label for label, _, _ in matchers}
        for label, operator, value in matchers:
            if label in OF_PROMETHEUS:
                assert (operator, value) == ("=~", f"${label}")
                continue
            assert operator in ("=", "!="), "this test does not know it"
            assert value in {sample.get(label) for sample in samples}, label
        for label in (grouped_by(query.expression) or set()) - OF_PROMETHEUS:
            assert all(label in sample for sample in samples), label


@each_query
def test_the_functions_fit_the_types(page: Scrape, query: Query) -> None:
    for metric, _ in selectors(query.expression):
        (family,) = [
            family
            for family in page.families.values()
            if metric.removesuffix("_total") == family.name
            or re.fullmatch(rf"{family.name}_(bucket|sum|count)", metric)
        ]
        is_rate = f"rate({metric}{{" in query.expression
        assert is_rate == (family.type != "gauge")
        assert ("$__rate_interval" in query.expression) == is_rate
        is_quantile = "histogram_quantile(" in query.expression
        assert is_quantile == metric.endswith("_bucket")
        assert is_quantile == ("le" in (grouped_by(query.expression) or ()))


@each_query
def test_the_legend_names_what_tells_the_lines_apart(page: Scrape, query: Query) -> None:
    metrics = [selector.metric for selector in selectors(query.expression)]
    groups = grouped_by(query.expression)
    if "sum (" in query.expression:
        groups = set()
    if groups is None:
        (groups,) = {frozenset(sample) for metric in metrics for sample in page.labels(metric)}
        groups = groups | {"instance"}
    assert legend_labels(query.legend) == groups - {"le"}
    others = [other for other in QUERIES if other.panel == query.panel]
    assert len({other.legend for other in others}) == len(others)
    assert query.legend


@each_query
def test_the_unit_fits(query: Query) -> None:
    inner = query.expression
    while (shorter := AROUND.sub("", inner)) != inner:
        inner = shorter
    expected = next(unit for pattern, unit in UNITS if re.search(pattern, inner))
    assert query.unit == expected


@each_query
def test_every_variable_is_known(query: Query) -> None:
    assert "$" not in filled_in(query.expression, "1m")


def test_the_variables_come_from_metrics_that_exist(page: Scrape) -> None:
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables.keys() == {"datasource", "job", "instance"}
    for name in OF_PROMETHEUS:
        query = variables[name]["query"]["query"]
        assert query == variables[name]["definition"]
        assert query.endswith(f", {name})")
        assert metric_names(query) <= page.names()


def test_panels_have_ids_of_their_own_and_lines_too() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    assert len(titles) == len(set(titles))
    for panel in charts(DASHBOARD):
        assert panel["type"] == "timeseries"
        lines = [target["refId"] for target in panel["targets"]]
        assert len(lines) == len(set(lines)), panel["title"]
        for source in (panel, *panel["targets"]):
            assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_panels_do_not_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] <= COLUMNS - place["w"], panel["title"]
        columns = range(place["x"], place["x"] + place["w"])
        rows = range(place["y"], place["y"] + place["h"])
        for cell in itertools.product(columns, rows):
            assert cell not in taken, (panel["title"], taken[cell])
            taken[cell] = panel["title"]
    # No row of the grid is empty.
    assert {row for _, row in taken} == set(range(max(row for _, row in taken) + 1))
