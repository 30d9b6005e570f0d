"""/metrics on a port of its own, and on the server's own port."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

import httpx
import pytest
import websockets.sync.client
from support.metrics import ADDRESS, OPEN_METRICS, metrics_url, parse, scrape
from support.raw_http import RawConnection
from support.raw_http2 import REFUSED_STREAM, Http2Connection
from support.server import ServerProcess, run_to_end
from support.waiting import eventually
from support.workers import READY, start_versioned, write_code

Start = Callable[..., ServerProcess]


@pytest.fixture
def server(start_server: Start) -> ServerProcess:
    return start_server("plain:application", "--no-access-log", *ADDRESS)


def requests(server: ServerProcess, status: str, method: str = "GET") -> float | None:
    return scrape(server).value(
        "sioserve_http_requests_total",
        handler="application",
        method=method,
        status=status,
        route="",
    )


def is_page(answer: httpx.Response) -> bool:
    """Not one of the application, which answers every path."""
    assert answer.status_code == 200
    return "# TYPE sioserve_connections gauge" in answer.text


@pytest.mark.parametrize("accept", ["", OPEN_METRICS])
def test_prometheus_reads_the_page(server: ServerProcess, accept: str) -> None:
    httpx.get(f"{server.url}/hello")
    page = scrape(server, accept)
    for family in page.families.values():
        assert family.documentation.endswith("."), family.name
        assert family.type in ("counter", "gauge", "histogram"), family.name
    assert page.value("sioserve_connections_accepted_total") == 1
    assert (page.value("process_resident_memory_bytes") or 0) > 10_000_000


def test_both_formats_say_the_same(server: ServerProcess) -> None:
    httpx.get(f"{server.url}/hello")
    eventually(lambda: scrape(server).labels("sioserve_python_threads_limit"))
    assert scrape(server).names() == scrape(server, OPEN_METRICS).names()


def test_requests_are_counted_by_method_and_status(server: ServerProcess) -> None:
    httpx.get(f"{server.url}/hello")
    httpx.get(f"{server.url}/hello")
    httpx.post(f"{server.url}/status?code=404&body=x")
    httpx.get(f"{server.url}/fail")
    httpx.request("BREW", f"{server.url}/hello")
    assert requests(server, "200") == 2
    assert requests(server, "404", "POST") == 1
    assert requests(server, "500") == 1
    assert requests(server, "200", "other") == 1


def test_the_stages_of_a_request_are_measured(server: ServerProcess) -> None:
    # It waits while another one blocks Python.
    with RawConnection(server.port) as blocking, RawConnection(server.port) as waiting:
        blocking.get("/block?seconds=0.5")
        waiting.get("/block?seconds=0.2")
        blocking.read_response()
        waiting.read_response()
    name = "sioserve_http_request_stage_seconds"
    assert eventually(lambda: scrape(server).value(f"{name}_count", stage="send")) == 2
    page = scrape(server)
    run = page.value(f"{name}_sum", stage="run") or 0
    send = page.value(f"{name}_sum", stage="send") or 0
    total = page.value(
        "sioserve_http_request_duration_seconds_sum", handler="application", route=""
    )
    wait = page.value(f"{name}_sum", stage="wait") or 0
    assert 0.7 <= run < (total or 0)
    assert wait + run + send == pytest.approx(total, abs=0.1)
    assert send < 0.2


def test_the_page_is_there_while_python_is_blocked(server: ServerProcess) -> None:
    with RawConnection(server.port) as blocking:
        blocking.get("/block?seconds=600")
        age = "sioserve_python_loop_delay_seconds_bucket"
        eventually(
            lambda: (
                scrape(server).value(age, process="1", le="+Inf")
                != scrape(server).value(age, process="1", le="0.5")
            )
        )
        assert httpx.get(metrics_url(server, "/healthz")).status_code == 200
        server.kill()


def test_websockets_are_counted_apart(server: ServerProcess) -> None:
    with websockets.sync.client.connect(f"{server.websocket_url}/echo") as socket:
        socket.send("x")
        socket.recv()
        assert scrape(server).value("sioserve_websockets_open", handler="application") == 1
    eventually(lambda: scrape(server).value("sioserve_websockets_open", handler="application") == 0)
    page = scrape(server)
    assert page.value("sioserve_websockets_accepted_total", handler="application") == 1
    assert page.value("sioserve_websocket_closes_total", code="1000") == 1
    assert page.labels("sioserve_http_requests_total") == []


def test_files_and_socket_io_have_their_own_handler(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "a.css").write_text("a {}")
    server = start_server(
        "plain:application", "--static", f"/static/={tmp_path}", "--no-access-log", *ADDRESS
    )
    assert httpx.get(f"{server.url}/static/a.css").status_code == 200
    assert httpx.get(f"{server.url}/socket.io/?EIO=4&transport=polling").status_code == 200
    handlers = [
        labels["handler"] for labels in scrape(server).labels("sioserve_http_requests_total")
    ]
    assert "static" in handlers
    assert "application" in handlers  # Socket.IO is not native in this application


def test_refused_requests_are_counted_by_the_limit(start_server: Start) -> None:
    server = start_server("plain:application", "--limit-connections", "1", *ADDRESS)
    with RawConnection(server.port) as first:
        first.get("/hold?key=x&gate=y", "Content-Length: 1")
        eventually(lambda: scrape(server).value("sioserve_requests_in_progress") == 1)
        assert httpx.get(f"{server.url}/hello").status_code == 503
        page = scrape(server)
        assert page.value("sioserve_limit_reached_total", limit="connections") == 1
        assert page.value("sioserve_connections", state="active") == 1


def test_the_access_log_is_written_beside_metrics(start_server: Start) -> None:
    server = start_server("plain:application", *ADDRESS)
    httpx.get(f"{server.url}/hello?here")
    server.wait_for_log(r'"GET /hello\?here" 200 5')
    assert requests(server, "200") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_get_and_head_are_answered(server: ServerProcess, method: str) -> None:
    for path in ("/metrics", "/healthz", "/readyz"):
        answer = httpx.request(method, metrics_url(server, path))
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"
    head = httpx.head(metrics_url(server))
    assert (head.status_code, head.content) == (200, b"")


def test_other_paths_are_not_found(server: ServerProcess) -> None:
    assert httpx.get(metrics_url(server, "/hello")).status_code == 404
    with pytest.raises(websockets.exceptions.InvalidStatus, match="503"):
        websockets.sync.client.connect(metrics_url(server, "/metrics").replace("http", "ws"))


def test_the_port_has_a_limit_of_connections(server: ServerProcess) -> None:
    port = int(metrics_url(server, "").rpartition(":")[2])
    connections = [RawConnection(port) for _ in range(80)]
    for connection in connections:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    assert connections[-1].read_response().status == 503
    for connection in connections:
        connection.socket.close()
    eventually(lambda: httpx.get(metrics_url(server, "/healthz")).status_code == 200)


def test_an_address_in_use_is_an_error_at_the_start(server: ServerProcess) -> None:
    address = metrics_url(server, "").removeprefix("http://")
    done = run_to_end("plain:application", "--port", "0", "--metrics", address)
    assert done.returncode == 3
    assert f"--metrics: address {address} is already in use" in done.stdout + done.stderr


def test_the_page_on_the_servers_own_port(start_server: Start) -> None:
    server = start_server("plain:application", "--metrics-path", "/internal/metrics")
    page = parse(httpx.get(f"{server.url}/internal/metrics"))
    assert page.value("sioserve_connections", state="active") == 1
    assert not is_page(httpx.get(f"{server.url}/metrics"))


def test_the_health_pages_below_the_path(start_server: Start) -> None:
    server = start_server("plain:application", "--metrics-path", "/internal/metrics")
    for page, text in (("healthz", "ok\n"), ("readyz", "ready\n")):
        answer = httpx.get(f"{server.url}/internal/metrics/{page}")
        assert (answer.status_code, answer.text) == (200, text)
        of_a_proxy = httpx.get(
            f"{server.url}/internal/metrics/{page}", headers={"Via": "1.1 proxy"}
        )
        assert of_a_proxy.text != text
        assert httpx.get(f"{server.url}/{page}").text != text
    assert not is_page(httpx.get(f"{server.url}/internal/metrics/other"))
    assert not is_page(httpx.get(f"{server.url}/internal/metricsother"))


def test_the_page_on_an_ipv6_address(start_server: Start) -> None:
    server = start_server("plain:application", "--metrics", "[::1]:0")
    address = re.search(r"http://\[::1\]:\d+/metrics", server.log)
    assert address
    assert is_page(httpx.get(address[0]))


def test_requests_above_the_number_of_streams_are_counted(start_server: Start) -> None:
    options = ("--http2-cleartext", "--http2-max-streams", "2")
    server = start_server("plain:application", *options, *ADDRESS)
    with Http2Connection(server.port) as connection:
        streams = [connection.request("GET", "/stream?gate=limit") for _ in range(5)]
        for stream in streams[2:]:
            assert connection.read_reset(stream) == REFUSED_STREAM
        page = scrape(server)
    name = "sioserve_limit_reached_total"
    assert page.value(name, limit="http2_streams_refused") == 3


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_the_page_is_not_for_clients_of_a_proxy(start_server: Start, header: str) -> None:
    server = start_server("plain:application", "--metrics-path", "/metrics")
    answer = httpx.get(f"{server.url}/metrics", headers={header: "192.0.2.1"})
    assert not is_page(answer)


def test_the_page_is_for_trusted_clients_only(start_server: Start) -> None:
    options = ("--metrics-path", "/metrics", "--proxy-headers", "--metrics-trusted", "192.0.2.0/24")
    server = start_server("plain:application", *options)
    assert not is_page(httpx.get(f"{server.url}/metrics"))
    for client, is_trusted in (("192.0.2.7", True), ("198.51.100.1", False)):
        answer = httpx.get(f"{server.url}/metrics", headers={"x-forwarded-for": client})
        assert is_page(answer) == is_trusted


def test_each_python_process_reports(start_server: Start, tmp_path: pathlib.Path) -> None:
    write_code(tmp_path, "first")
    server = start_versioned(start_server, tmp_path, *ADDRESS, workers=2)
    name = "sioserve_python_resident_memory_bytes"
    eventually(lambda: len(scrape(server).labels(name)) == 2)
    page = scrape(server)
    assert page.value("sioserve_processes", state="ready") == 2
    for process in ("1", "2"):
        assert (page.value(name, process=process) or 0) > 10_000_000
        assert page.value("sioserve_process_websockets", process=process) == 0
    httpx.get(server.url)
    assert requests(server, "200") == 1
    assert scrape(server).value("sioserve_http_request_stage_seconds_count", stage="wait") == 1
    assert len(READY.findall(server.log)) == 2


def test_without_the_option_no_thread_reports(start_server: Start) -> None:
    server = start_server("plain:application")
    names = {
        path.read_text().strip()
        for path in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/comm")
    }
    assert not any(re.match("sioserve-figures", name) for name in names)
