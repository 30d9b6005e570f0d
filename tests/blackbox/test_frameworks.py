"""Applications without Django: FastAPI (Starlette) and plain ASGI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import APPS, ServerProcess
from support.waiting import eventually
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("fastapi_app:application").start()
    yield server
    server.stop()
    assert "lifespan ended" in server.log


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def noted(client: httpx.Client, what: str) -> bool:
    return what in client.get("/noted").json()


def test_json_in_and_out(client: httpx.Client) -> None:
    answer = client.post("/items/7?verbose=true", json={"a": ["日本", None]})
    assert answer.json() == {"number": 7, "body": {"a": ["日本", None]}, "verbose": True}
    assert client.post("/items/seven", json={}).status_code == 422


def test_handlers_in_threads(client: httpx.Client) -> None:
    assert client.get("/sync").json() == {"where": "a thread"}


def test_uploads(client: httpx.Client) -> None:
    content = bytes(3_000_000)
    answer = client.post("/upload", files={"file": ("zeros.bin", content)})
    assert answer.json() == {"name": "zeros.bin", "size": len(content)}


def test_the_state_of_the_lifespan(client: httpx.Client) -> None:
    assert client.get("/state").json() == "hello from the lifespan"


def test_streaming_through_middleware(client: httpx.Client) -> None:
    response = client.get("/stream")
    assert response.text == "0,1,2,3,4,"
    assert response.headers["x-marked"] == "yes"


def test_a_disconnect_ends_a_stream_behind_middleware(
    client: httpx.Client, server: ServerProcess
) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/for-ever")
        while b"tick" not in connection.buffer:
            assert connection.receive_more()
    eventually(lambda: noted(client, "stream closed"))


def test_background_tasks(client: httpx.Client) -> None:
    assert client.get("/background").json() == "accepted"
    eventually(lambda: noted(client, "background task"))


def test_files_and_ranges_of_files(client: httpx.Client) -> None:
    content = (APPS / "fastapi_app.py").read_bytes()
    whole = client.get("/file")
    assert whole.content == content
    part = client.get("/file", headers={"range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, content[3:10])
    again = client.head("/file")
    assert again.status_code in (200, 405)


def test_an_exception(client: httpx.Client, server: ServerProcess) -> None:
    start = len(server.log)
    assert client.get("/fail").status_code == 500
    server.wait_for_log("ValueError: failed on purpose", start)
    assert client.get("/sync").status_code == 200


def test_websockets(client: httpx.Client, server: ServerProcess) -> None:
    subprotocols: Any = ["echo.v1"]
    url = f"{server.websocket_url}/ws/ann"
    with connect(url, subprotocols=subprotocols, proxy=None) as websocket:
        assert websocket.subprotocol == "echo.v1"
        assert websocket.recv(timeout=60) == ('{"hello":"ann","state":"hello from the lifespan"}')
        websocket.send("日本")
        assert websocket.recv(timeout=60) == "日本"
        websocket.close(4001, "bye")
    eventually(lambda: noted(client, "ann left with 4001"))


def test_the_interactive_documentation(client: httpx.Client) -> None:
    assert client.get("/docs").status_code == 200
    assert "/items/{number}" in client.get("/openapi.json").json()["paths"]


def test_a_plain_asgi_application(plain_server: ServerProcess) -> None:
    answer = httpx.post(f"{plain_server.url}/echo", content=b"body")
    assert answer.status_code == 200
