"""The behaviour of receive() and send() as the ASGI specification requires it."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.raw_http import ConnectionEnded, RawConnection
from support.server import ServerProcess
from support.waiting import eventually


def test_receive_after_the_body_waits_for_the_disconnect(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with RawConnection(plain_server.port) as connection:
        assert connection.get(f"/receive-after-end?key={key}").read_response().body == b"answer"
        assert seen("blocked") is True
        # The connection stays open, so the disconnect is not that of the connection.
        assert connection.get("/hello").read_response().body == b"hello"
    assert seen("after") == "http.disconnect"
    assert seen("again") == "http.disconnect"


def test_a_waiting_receive_is_cancelled_with_the_request(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    assert httpx.get(f"{plain_server.url}/cancelled-at-end?key={key}").text == "answer"
    assert seen("ended") in ("cancelled", "http.disconnect")


def test_a_cancelled_receive_loses_nothing(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    parts = [bytes([65 + number]) * 1000 for number in range(10)]
    total = b"".join(parts)

    def state() -> dict[str, int]:
        return httpx.get(f"{plain_server.url}/seen?key={key}").json()

    with RawConnection(plain_server.port) as connection:
        head = f"POST /cancelled-receive?key={key} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n"
        connection.send(head.encode() + b"\r\n")
        for number, part in enumerate(parts):
            before = state().get("cancelled", 0)
            eventually(lambda before=before: state().get("cancelled", 0) > before)
            connection.send(part)
            eventually(lambda number=number: state().get("received", 0) == 1000 * (number + 1))
        assert connection.read_response().body == total


def test_a_disconnect_is_noticed_while_waiting(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.get(f"/disconnect-only?key={key}")
        assert seen("waiting")
    assert seen("after") == "http.disconnect"
    assert seen("sent") == "without an error"


@pytest.mark.parametrize("leave", ["politely", "abruptly"])
def test_a_disconnect_is_noticed_while_streaming(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any], leave: str
) -> None:
    connection = RawConnection(plain_server.port)
    connection.get(f"/stream-for-ever?key={key}")
    assert seen("streaming")
    if leave == "politely":
        connection.socket.close()
    else:
        connection.close_abruptly()
    assert seen("after") == "http.disconnect"
    assert seen("sent") == "without an error"


def test_each_request_has_a_clean_context(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        for name in ("alice", "bob", "carol"):
            assert connection.get(f"/visitor?name={name}").read_response().body == b"nobody"


def test_a_request_runs_in_one_task_and_context(plain_server: ServerProcess) -> None:
    assert httpx.post(plain_server.url + "/one-task", content=b"x" * 500_000).text == "True"


async def test_a_request_keeps_its_thread(plain_server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=plain_server.url, timeout=60) as client:
        answers = await asyncio.gather(*(client.get("/one-thread") for _ in range(10)))
    for answer in answers:
        assert len(set(answer.json())) == 1


def test_receive_and_send_are_coroutine_functions(plain_server: ServerProcess) -> None:
    assert httpx.get(plain_server.url + "/coroutine-functions").json() == [True, True]


def test_send_works_from_a_thread(plain_server: ServerProcess) -> None:
    assert httpx.get(plain_server.url + "/send-from-thread").text == "from a thread"


def test_an_exception_is_answered_500_and_logged(plain_server: ServerProcess) -> None:
    start = len(plain_server.log)
    with RawConnection(plain_server.port) as connection:
        response = connection.get("/fail?name=logged").read_response()
        assert response.status == 500
        assert b"on purpose" not in response.body
    plain_server.wait_for_log(r"Traceback \(most recent call last\)", start)
    plain_server.wait_for_log("ValueError: failed on purpose: logged", start)
    assert httpx.get(plain_server.url + "/hello").text == "hello"


def test_an_exception_after_the_start_cuts_the_response(plain_server: ServerProcess) -> None:
    start = len(plain_server.log)
    with RawConnection(plain_server.port) as connection:
        connection.get("/fail-late")
        with pytest.raises(ConnectionEnded):
            connection.read_response()
    plain_server.wait_for_log("ValueError: failed on purpose, late", start)
    assert httpx.get(plain_server.url + "/hello").text == "hello"


def test_an_application_that_does_not_answer_gives_500(plain_server: ServerProcess) -> None:
    assert httpx.get(plain_server.url + "/no-answer").status_code == 500
    assert httpx.get(plain_server.url + "/hello").text == "hello"


def test_no_task_is_left_behind(plain_server: ServerProcess) -> None:
    before = int(httpx.get(plain_server.url + "/tasks").text)
    with RawConnection(plain_server.port) as connection:
        for target in ("/hello", "/stream", "/fail", "/no-answer"):
            connection.get(target).read_response()
    eventually(lambda: int(httpx.get(plain_server.url + "/tasks").text) <= before)


async def test_many_concurrent_requests_do_not_mix(plain_server: ServerProcess) -> None:
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=plain_server.url, limits=limits, timeout=60) as client:
        bodies = [f"body {number} ".encode() * (number % 50 + 1) for number in range(500)]
        answers = await asyncio.gather(*(client.post("/echo", content=body) for body in bodies))
    assert [answer.content for answer in answers] == bodies


def test_stop_iteration_of_an_application_is_answered_with_500(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    """It would end a generator; PEP 479 converts it to a RuntimeError."""
    (tmp_path / "stopping.py").write_text(
        "class Stops:\n"
        "    def __await__(self):\n"
        "        return self\n"
        "    def __iter__(self):\n"
        "        return self\n"
        "    def __next__(self):\n"
        "        raise StopIteration('no answer')\n"
        "async def in_a_coroutine():\n"
        "    raise StopIteration\n"
        "def application(scope, receive, send):\n"
        "    if scope['path'] == '/call':\n"
        "        raise StopIteration\n"
        "    return Stops() if scope['path'] == '/awaitable' else in_a_coroutine()\n"
    )
    server = start_server("stopping:application", "--lifespan", "off", cwd=tmp_path)
    for path in ("/call", "/coroutine", "/awaitable"):
        assert httpx.get(server.url + path, timeout=10).status_code == 500
