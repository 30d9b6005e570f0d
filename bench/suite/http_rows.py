"""Rows about HTTP requests to an ASGI application (bench/hello_app.py, bench/web_app.py)."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable

from servers import HERE, SERVER_CORE, run_load

from suite.http_peers import PATIENCE, needs_package, serving
from suite.row import Measurement, Row, few_if_smoke
from suite.web_load import measured

HELLO = 10  # bytes
LARGE = 10 * 1024
CONNECTIONS = 64
PACE = 2000  # requests per second

FAST = ("sioserve", "uvicorn httptools", "uvicorn zttp", "granian st", "granian mt", "gunicorn")
ALONE = "asgi alone"  # no server: bench/asgi_alone.py
ALL = (*FAST, "hypercorn", "daphne", "nginx", "bare", ALONE)


def answers_with(size: int, body: bytes) -> Callable[[int], None]:
    """Checks the first answer of a server. Raises ConnectionError until it comes."""

    def answers(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("POST" if body else "GET", "/", body or None)
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        if response.status != 200 or len(content) != size or (body and content != body):
            raise SystemExit(f"the answer was {response.status} with {len(content)} bytes")

    return answers


def requests(
    application: str, size: int, connections: int, body: int = 0
) -> Callable[[str, float], Measurement]:
    """Measures connections with one request in flight each."""

    def measure(server: str, seconds: float) -> Measurement:
        if server == ALONE:
            return alone(application, seconds)
        answers = answers_with(size, b"x" * body)
        with serving(server, application, answers) as (port, process):
            clients = few_if_smoke(connections, seconds)
            found = measured("requests", port, process, clients, seconds, size, body)
        # With many connections, the latency of a closed loop is their number divided by the rate.
        return found if connections == 1 else Measurement(found.rate, found.cpu)

    return measure


def alone(application: str, seconds: float) -> Measurement:
    """Measures what the application needs without a server. Raises Unavailable."""
    needs_package("uvloop")
    program = (sys.executable, str(HERE / "asgi_alone.py"), application, str(seconds))
    found = json.loads(run_load(*program, cores=SERVER_CORE))
    return Measurement(cpu=found["cpu"] / found["count"] * 1e6)


def paced(server: str, seconds: float) -> Measurement:
    """Measures requests that do not wait for each other: the latency that clients see."""
    with serving(server, "hello_app:application", answers_with(HELLO, b"")) as (port, process):
        clients = few_if_smoke(CONNECTIONS, seconds)
        return measured("paced", port, process, clients, seconds, HELLO, PACE)


def hello(connections: int, aim: str, servers: tuple[str, ...]) -> Row:
    return Row(
        key=f"hello-{connections}",
        section="HTTP",
        title=f"ASGI hello, 10 bytes, {connections:,} connections",
        unit="request",
        compared="cpu",
        less_is_better=True,
        aim=aim,
        servers=servers,
        measure=requests("hello_app:application", HELLO, connections),
    )


def one_at_a_time(percentile: int) -> Row:
    return Row(
        key=f"alone-p{percentile}",
        section="HTTP",
        title=f"one connection, one request at a time, p{percentile}",
        unit="request",
        compared=f"p{percentile} ms",
        less_is_better=True,
        aim="at most 1 x uvicorn",
        servers=FAST,
        measure=requests("hello_app:application", HELLO, 1),
    )


ROWS = (
    hello(64, "4 x uvicorn, 2.2 x granian, at most 1.3 x nginx", ALL),
    hello(512, "at most 1.3 x hello-64", (*FAST, "nginx", "bare", ALONE)),
    hello(4096, "at most 1.3 x hello-64", (*FAST, "nginx", "bare", ALONE)),
    Row(
        key="large",
        section="HTTP",
        title="response of 10 KB",
        unit="request",
        compared="cpu",
        less_is_better=True,
        aim="3.5 x uvicorn, 2 x granian",
        servers=(*FAST, "bare", ALONE),
        measure=requests("web_app:large", LARGE, CONNECTIONS),
    ),
    Row(
        key="echo-body",
        section="HTTP",
        title="echo of a body of 10 KB",
        unit="request",
        compared="cpu",
        less_is_better=True,
        aim="3.5 x uvicorn, 2 x granian",
        servers=(*FAST, "bare"),
        measure=requests("web_app:echo_body", LARGE, CONNECTIONS, body=LARGE),
    ),
    one_at_a_time(50),
    one_at_a_time(99),
    Row(
        key="paced",
        section="Latency",
        title=f"ASGI hello, {PACE:,} requests per second",
        unit="request",
        compared="p99 ms",
        less_is_better=True,
        aim="",
        servers=FAST,
        measure=paced,
    ),
)
