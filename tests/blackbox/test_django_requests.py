"""State of one request to a Django project that must not reach the next one, and headers that must
be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.waiting import eventually


@pytest.fixture
def client(django_server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=django_server.url, timeout=60) as client:
        yield client


def seen(client: httpx.Client, name: str) -> int:
    count: int = client.get("/seen/").json().get(name, 0)
    return count


def test_each_response_is_closed(client: httpx.Client) -> None:
    # Django awaits receive() concurrently with the response, and cancels it when the response has
    # been sent.
    before = seen(client, "responses_closed")
    for _ in range(10):
        assert client.get("/counted/").text == "counted"
    eventually(lambda: seen(client, "responses_closed") == before + 10)


def test_requests_do_not_leave_database_connections_behind(client: httpx.Client) -> None:
    before = client.get("/connections/").json()["count"]
    for _ in range(30):
        client.get("/connections/")
    eventually(lambda: client.get("/connections/").json()["count"] <= before)


def test_a_disconnect_cancels_an_asynchronous_view(
    client: httpx.Client, django_server: ServerProcess
) -> None:
    cancelled, finished = seen(client, "cancelled"), seen(client, "requests_finished")
    waiting = seen(client, "waiting")
    with RawConnection(django_server.port) as connection:
        connection.get("/wait-for-ever/")
        eventually(lambda: seen(client, "waiting") == waiting + 1)
    eventually(lambda: seen(client, "cancelled") == cancelled + 1)
    eventually(lambda: seen(client, "requests_finished") > finished)


def test_the_context_of_a_request_ends_with_it(django_server: ServerProcess) -> None:
    with RawConnection(django_server.port) as connection:
        answers = [connection.get("/context/").read_response().body for _ in range(3)]
    assert answers == [b"clean"] * 3


def test_a_request_keeps_its_thread(client: httpx.Client) -> None:
    idents = client.get("/threads/").json()["threads"]
    assert len(set(idents)) == 1


def test_threads_and_connections_persist(
    start_server: Callable[..., ServerProcess], django_server: ServerProcess
) -> None:
    env = {**django_server.env, "DJANGOPROJ_CONN_MAX_AGE": "60"}
    server = start_server("site_asgi:application", cwd=django_server.cwd, env=env)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        seen = [client.get("/thread-and-connections/").json() for _ in range(30)]
    # A request may arrive before the thread of the previous one has been released.
    assert len({answer["thread"] for answer in seen}) <= 3
    assert seen[-1]["opened"] <= 3


def test_cookies_are_not_joined_with_a_comma(client: httpx.Client) -> None:
    values = client.get("/cookies/").headers.get_list("set-cookie")
    assert [value.partition("=")[0] for value in values] == ["one", "two", "three"]


@pytest.mark.parametrize(("size", "spooled"), [(1000, False), (5_000_000, True)])
def test_large_uploads_are_on_disk(client: httpx.Client, size: int, spooled: bool) -> None:
    answer = client.post("/where-the-upload-is/", files={"file": ("a.bin", bytes(size))})
    assert answer.json() == {"spooled": spooled}
