"""Clients that shut down their sending side: some wait for the response, some have disconnected."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.waiting import eventually

GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def patient_server(start_server) -> Iterator[ServerProcess]:  # type: ignore[no-untyped-def]
    """After a half-close, it assumes for half a second that the client still waits."""
    return start_server("plain:application", "--timeout-half-close", "0.5")


def end_side(connection: RawConnection) -> None:
    connection.socket.shutdown(socket.SHUT_WR)


def test_a_client_gets_its_response_after_a_half_close(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(GET)
        end_side(connection)
        response = connection.read_response()
        assert response.body == b"hello"
        assert connection.is_closed()


def test_all_pipelined_requests_before_a_half_close_are_answered(
    plain_server: ServerProcess,
) -> None:
    with RawConnection(plain_server.port) as connection:
        post = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
        connection.send(GET * 3 + post)
        end_side(connection)
        assert [connection.read_response().body for _ in range(4)] == [b"hello"] * 3 + [b"body"]
        assert connection.is_closed()


def test_a_streamed_response_arrives_completely(plain_server: ServerProcess, key: str) -> None:
    with RawConnection(plain_server.port) as reader, RawConnection(plain_server.port) as other:
        reader.get(f"/stream?parts=2&gate={key}")
        end_side(reader)
        while b"1," not in reader.buffer:
            assert reader.receive_more()
        other.get(f"/open?gate={key}").read_response()
        assert reader.read_response().body == b"0,1,"


def test_a_slow_response_reaches_a_client_that_waits(
    patient_server: ServerProcess, key: str
) -> None:
    with RawConnection(patient_server.port) as reader, RawConnection(patient_server.port) as other:
        reader.get(f"/stream?parts=0&gate={key}")
        end_side(reader)
        time.sleep(1.5)  # longer than the server's half-close timeout: nothing may happen
        other.get(f"/open?gate={key}").read_response()
        assert reader.read_response().status == 200


def test_a_half_close_in_the_middle_of_a_request_ends_it(plain_server: ServerProcess) -> None:
    for part in (GET[:-2], b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo"):
        with RawConnection(plain_server.port) as connection:
            connection.send(part)
            end_side(connection)
            assert connection.is_closed()


def test_a_waiting_application_gets_a_disconnect_after_a_timeout(
    patient_server: ServerProcess, key: str
) -> None:
    def seen() -> dict[str, Any]:
        return httpx.get(f"{patient_server.url}/seen?key={key}").json()

    with RawConnection(patient_server.port) as connection:
        connection.get(f"/disconnect-only?key={key}")
        eventually(lambda: seen().get("waiting"))
    assert eventually(lambda: seen().get("after")) == "http.disconnect"
    assert eventually(lambda: seen().get("sent")) == "without an error"


def test_a_stream_notices_immediately_that_its_client_has_closed(
    start_server: Callable[..., ServerProcess], key: str
) -> None:
    server = start_server("plain:application", "--timeout-half-close", "3600")

    def seen() -> dict[str, Any]:
        return httpx.get(f"{server.url}/seen?key={key}").json()

    with RawConnection(server.port) as connection:
        connection.get(f"/stream-for-ever?key={key}")
        eventually(lambda: seen().get("streaming"))
    assert eventually(lambda: seen().get("after")) == "http.disconnect"


@pytest.fixture(scope="module")
def endless_server() -> Iterator[ServerProcess]:
    """A half-close alone never counts as a disconnect."""
    server = ServerProcess("plain:application", "--timeout-half-close", "3600").start()
    yield server
    server.stop()


@pytest.mark.parametrize("behind", [b"", GET * 150_000], ids=["alone", "behind 4 MB of requests"])
@pytest.mark.parametrize("ended", [False, True], ids=["open", "half-closed"])
def test_a_reset_is_noticed_while_the_application_waits(
    endless_server: ServerProcess, key: str, ended: bool, behind: bytes
) -> None:
    def seen() -> dict[str, Any]:
        return httpx.get(f"{endless_server.url}/seen?key={key}").json()

    connection = RawConnection(endless_server.port)
    connection.get(f"/disconnect-only?key={key}")
    eventually(lambda: seen().get("waiting"))
    connection.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):  # the server does not read all of it
        connection.socket.send(behind)
    if ended:
        end_side(connection)
    connection.close_abruptly()
    assert eventually(lambda: seen().get("after")) == "http.disconnect"


def test_a_request_and_a_reset_at_once(endless_server: ServerProcess, key: str) -> None:
    def tasks() -> int:
        return int(httpx.get(f"{endless_server.url}/tasks").text)

    before = tasks()
    for _ in range(30):  # the server may also read them apart
        connection = RawConnection(endless_server.port)
        connection.get(f"/disconnect-only?key={key}")
        connection.close_abruptly()
    eventually(lambda: tasks() <= before)


@pytest.mark.parametrize("path", ["/sync/", "/async/", "/stream-sync/", "/stream-async/"])
def test_django_answers_after_a_half_close(django_server: ServerProcess, path: str) -> None:
    with RawConnection(django_server.port) as connection:
        connection.get(path)
        end_side(connection)
        response = connection.read_response()
        assert (response.status, response.body != b"") == (200, True)
