"""The access log of the extension module: its settings, and the records for Python's logging."""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
from typing import Any

import _sioserve
import pytest
from native import respond, serving
from sioserve import logs


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"hello")


def serve(path: pathlib.Path, **settings: Any) -> Any:
    return serving(hello, access_log="file", access_log_path=str(path), **settings)


async def flushed(running: Any, path: pathlib.Path) -> None:
    """Waits for the log line: a client may have its response slightly earlier."""

    def is_empty() -> bool:
        return not path.read_text()

    while is_empty():
        running.server.flush_logs(timeout_ms=30_000)
        await asyncio.sleep(0.01)


def test_an_invalid_format_is_refused_immediately() -> None:
    with pytest.raises(ValueError, match=r'access_log_format: .*did you mean "%\(status_code\)s"'):
        _sioserve.Server(hello, access_log_format="%(statuscode)s")


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "missing" / "access.log")
    server = _sioserve.Server(hello, access_log="file", access_log_path=path)
    with pytest.raises(OSError, match=r"The access log can't be opened: .*No such file"):
        server.open_logs()


def test_a_line_is_in_the_file_after_a_flush(tmp_path: pathlib.Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "access.log"
        async with serve(path, access_log_format="%(r)s %(s)s %(b)s %(a)s") as running:
            await running.get("/a?b=c", headers={"user-agent": "test"})
            await flushed(running, path)
            assert path.read_text() == "GET /a?b=c HTTP/1.1 200 5 test\n"

    asyncio.run(scenario())


def test_json(tmp_path: pathlib.Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "access.log"
        async with serve(path, access_log_json=True) as running:
            await running.get("/a")
            await flushed(running, path)
        entry = json.loads(path.read_text())
        assert entry["target"] == "/a"
        assert entry["status"] == 200
        assert entry["bytes"] == 5
        assert entry["duration_us"] > 0

    asyncio.run(scenario())


def test_a_renamed_file_is_closed_on_reopen(tmp_path: pathlib.Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "access.log"
        async with serve(path, access_log_format="%(U)s") as running:
            await running.get("/1")
            await flushed(running, path)
            path.rename(tmp_path / "access.log.1")
            running.server.reopen_logs()
            await running.get("/2")
            await flushed(running, path)
        assert (tmp_path / "access.log.1").read_text() == "/1\n"
        assert path.read_text() == "/2\n"

    asyncio.run(scenario())


def test_python_logging_gets_records_with_attributes(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with serving(hello, access_log="logging") as running:
            running.server.set_log_level("sioserve.access", logging.INFO)
            await running.get("/a?b=c", headers={"user-agent": "t\xe9st".encode("latin-1")})
            while not caplog.records:
                await asyncio.sleep(0.01)

    logs.add_request_ids_to_records()
    with caplog.at_level(logging.INFO, logger="sioserve.access"):
        asyncio.run(scenario())
    (record,) = caplog.records
    assert record.name == "sioserve.access"
    assert '"GET /a?b=c" 200 5' in record.getMessage()
    attributes = vars(record)
    assert attributes["event"] == "http"
    assert attributes["client"] == "127.0.0.1"
    assert attributes["method"] == "GET"
    assert attributes["target"] == "/a?b=c"
    assert attributes["protocol"] == "HTTP/1.1"
    assert attributes["status"] == 200
    assert attributes["bytes"] == 5
    assert attributes["duration_us"] > 0
    assert attributes["complete"] is True
    assert attributes["close_code"] is None
    assert attributes["user_agent"] == "t\ufffdst"
    assert len(attributes["request_id"]) == 13


def test_the_scope_and_the_context_have_one_request_id() -> None:
    async def scenario() -> None:
        seen: list[tuple[Any, ...]] = []

        async def application(scope: Any, receive: Any, send: Any) -> None:
            in_thread = await asyncio.to_thread(logs.request_id)
            extension = scope["extensions"]["sioserve.request_id"]
            seen.append((extension, logs.request_id(), in_thread))
            await respond(send)

        async with serving(application) as running:
            await running.get("/")
            await running.get("/")
        for ids in seen:
            assert len(set(ids)) == 1, ids
            assert len(ids[0]) == 13
        assert seen[0] != seen[1]
        assert logs.request_id() is None

    asyncio.run(scenario())


def test_an_exception_is_logged_with_the_id_of_its_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        ids = []

        async def application(scope: Any, receive: Any, send: Any) -> None:
            ids.append(scope["extensions"]["sioserve.request_id"])
            raise ValueError("on purpose")

        async with serving(application) as running:
            assert (await running.get("/")).status_code == 500
        assert [record.request_id for record in caplog.records] == ids  # type: ignore[attr-defined]

    logs.add_request_ids_to_records()
    asyncio.run(scenario())
