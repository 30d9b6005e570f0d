"""Many clients that begin a TLS handshake and do not finish it."""

from __future__ import annotations

import contextlib
import random
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.certificates import Authority
from support.hostile import open_sockets
from support.metrics import ADDRESS, scrape
from support.raw_http import RawConnection, has_read_everything
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.tls_client import TlsConnection, client_hello
from support.waiting import eventually

COUNT = 300
# 32 KB for each connection. A complete ClientHello costs the most: a session of OpenSSL.
MEMORY = COUNT * (32 << 10)
# A burst of 20 and the beginning of the episode; then one in a second, on a slow machine for long.
LINES = 60
SEED = 20261129
# Of the clients in silent_openings(), those that have sent nothing: that is no failure.
SILENT = COUNT // 4

StartServer = Callable[..., ServerProcess]
Opening = Callable[[], bytes]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return authority.client_context()


def silent_openings(hello: bytes, chance: random.Random) -> list[Opening]:
    """What a client sends before it falls silent, while the server waits for more."""
    return [
        lambda: b"",
        lambda: hello[: chance.randrange(1, len(hello))],
        lambda: hello,
        lambda: b"\x16\x03\x01\x40\x00\x01" + chance.randbytes(9_000),
    ]


def wrong_openings(hello: bytes, chance: random.Random) -> list[Opening]:
    """What the server refuses at once."""
    return [
        lambda: b"\xff" + chance.randbytes(600),
        lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(506),
        lambda: hello + b"\xff" + chance.randbytes(600),
    ]


@contextlib.contextmanager
def clients(server: ServerProcess, openings: list[Opening]) -> Iterator[list[RawConnection]]:
    with contextlib.ExitStack() as stack:
        opened = []
        for index in range(COUNT):
            connection = stack.enter_context(RawConnection(server.port))
            opened.append(connection.send(openings[index % len(openings)]()))
        yield opened


def start(start_server: StartServer, authority: Authority, *arguments: str) -> ServerProcess:
    options = (*authority.issue().options, *arguments)
    return start_server("native:application", *options, cwd=APPS)


def get(server: ServerProcess, trusting: ssl.SSLContext) -> bytes:
    """With a new connection."""
    with TlsConnection(server.port, trusting) as connection:
        response = connection.get("/hello").read_response()
    assert response.status == 200
    return response.body


def failed(server: ServerProcess, trusting: ssl.SSLContext) -> int:
    counts = httpx.get(f"{server.url}/counts", verify=trusting).json()
    return int(counts["tls_handshakes_failed"])


def lines(server: ServerProcess) -> int:
    """The number of log lines about failed handshakes."""
    return sum("No TLS with" in line for line in server.log.splitlines())


def after_some_requests(server: ServerProcess, trusting: ssl.SSLContext) -> tuple[int, int]:
    """Open sockets and memory, when the connections of these are closed."""
    sockets = open_sockets(server)
    for _ in range(10):
        get(server, trusting)
    eventually(lambda: open_sockets(server) == sockets)
    return sockets, server.memory()


def test_handshakes_that_stay_unfinished_cost_little(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext
) -> None:
    server = start(start_server, authority, "--timeout-tls-handshake", "3600")
    openings = silent_openings(client_hello(trusting), random.Random(SEED))
    sockets, before = after_some_requests(server, trusting)
    with clients(server, openings):
        eventually(lambda: has_read_everything(server.port))
        assert server.growth(before) < MEMORY
        # Other clients are served meanwhile.
        for _ in range(50):
            get(server, trusting)
        assert open_sockets(server) >= sockets + COUNT
    eventually(lambda: open_sockets(server) <= sockets)
    assert server.growth(before) < MEMORY
    eventually(lambda: failed(server, trusting) == COUNT - SILENT)
    assert 0 < lines(server) <= LINES


def test_handshakes_that_stay_unfinished_time_out(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext
) -> None:
    server = start(start_server, authority, "--timeout-tls-handshake", "3")
    openings = silent_openings(client_hello(trusting), random.Random(SEED))
    with clients(server, openings) as silent:
        # An answer to the ClientHello may come, and then the end.
        for connection in silent:
            connection.read_to_end()
    assert failed(server, trusting) == COUNT - SILENT
    server.stop()
    logged = lines(server)
    assert 0 < logged <= LINES
    assert server.log.count("There are too many failed TLS handshakes for the log") == 1
    left_out = COUNT - SILENT - logged
    assert f"The log has all failed TLS handshakes again: {left_out} of them" in server.log


def test_garbage_instead_of_handshakes_costs_little_and_is_closed_at_once(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext
) -> None:
    server = start(start_server, authority, "--timeout-tls-handshake", "3600")
    openings = wrong_openings(client_hello(trusting), random.Random(SEED))
    sockets, before = after_some_requests(server, trusting)
    for _ in range(3):
        with clients(server, openings) as hostile:
            for _ in range(20):
                get(server, trusting)
            for connection in hostile:
                connection.read_to_end()
    assert failed(server, trusting) == 3 * COUNT
    eventually(lambda: open_sockets(server) <= sockets + 1)
    assert server.growth(before) < MEMORY
    assert 0 < lines(server) <= LINES


def delayed(server: ServerProcess) -> float | None:
    page = scrape(server)
    return page.value("sioserve_limit_reached_total", limit="tls_handshakes_delayed")


def test_the_limit_of_handshakes_does_not_hold_up_connections_that_have_made_theirs(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext
) -> None:
    options = ("--limit-tls-handshakes", "8", "--timeout-tls-handshake", "3600", *ADDRESS)
    server = start(start_server, authority, *options)
    hello = client_hello(trusting)
    with TlsConnection(server.port, trusting) as established:
        assert established.get("/hello").read_response().status == 200
        with clients(server, [lambda: hello]):
            eventually(lambda: has_read_everything(server.port))
            eventually(lambda: (delayed(server) or 0) > 100)
            for _ in range(20):
                assert established.get("/hello").read_response().status == 200
        # The places are free again when the clients have left.
        assert get(server, trusting)


def test_many_wrong_headers_of_proxies_make_few_lines(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext
) -> None:
    server = start(start_server, authority, "--proxy-protocol")
    hello = client_hello(trusting)
    with clients(server, [lambda: hello]) as hostile:
        for connection in hostile:
            assert connection.is_closed()
    server.wait_for_log("There are too many connections closed because of the PROXY protocol")
    assert server.log.count("it does not begin with a PROXY protocol header") <= LINES
    server.stop()
    assert "The log has all connections closed because of the PROXY protocol again" in server.log
