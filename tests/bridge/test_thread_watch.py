"""What the log says about requests that wait for threads, or are refused."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from sio.threads import Threads
from sioserve import thread_watch
from sioserve.thread_watch import ThreadWatch

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "raw_path": b"/x", "client": None}


async def test_each_message_is_logged_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(thread_watch, "LONG_WAIT", 0.01)
    pool, may_end = Threads(1, 1), threading.Event()
    watch = ThreadWatch(pool)
    pool.run(lambda: may_end.wait(30) and None)
    pool.run(lambda: None)
    for _ in range(3):
        watch.refuse()
    watch.begin_waiting(SCOPE)

    async def until_logged() -> None:
        while "threads for synchronous code are busy" not in caplog.text:
            await asyncio.sleep(0.001)

    await asyncio.wait_for(until_logged(), 30)
    watch.end_waiting(SCOPE)
    may_end.set()
    pool.close()
    assert await asyncio.to_thread(pool.join, 30)
    assert caplog.text.count("503 for") == 1
    assert caplog.text.count("threads for synchronous code are busy") == 1
