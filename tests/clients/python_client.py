"""python-socketio: the steps of tests/clients. Arguments: sync or async, the URL, a transport."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import socketio

KIND, URL, TRANSPORT = sys.argv[1:]
PATIENCE = 10


async def main() -> None:
    client: Any = (socketio.AsyncClient if KIND == "async" else socketio.Client)(reconnection=False)
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()

    def on(event: str, function: Callable[..., Any]) -> None:
        async def call(*args: Any) -> Any:
            return function(*args)

        client.on(event, call if KIND == "async" else function)

    def put(*args: Any) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, args)

    for event in ("echo", "welcome", "answered", "burst"):
        on(event, put)
    on("question", lambda *args: "answer")

    async def do(method: str, *args: Any, **options: Any) -> Any:
        function = getattr(client, method)
        if KIND == "async":
            return await function(*args, **options)
        return await asyncio.to_thread(function, *args, **options)

    async def hears(*wanted: Any) -> None:
        got = await asyncio.wait_for(heard.get(), PATIENCE)
        assert got == wanted, f"got {got}"

    async def step(name: str, run: Callable[[], Awaitable[None]]) -> None:
        outcome = "ok"
        try:
            await run()
        except Exception as error:
            outcome = str(error) or type(error).__name__
        print(f"{name}\t{outcome}", flush=True)

    async def connect() -> None:
        transports = ["polling", "websocket"] if TRANSPORT == "upgrade" else [TRANSPORT]
        await do("connect", URL, transports=transports, auth={"welcome": True})
        await hears({"welcome": True})

    async def text() -> None:
        await do("emit", "echo", ("ü", 7))
        await hears("ü", 7)

    async def data() -> None:
        await do("emit", "echo", bytes([0, 1, 255]))
        await hears(bytes([0, 1, 255]))

    async def acknowledged() -> None:
        assert await do("call", "reply", "a") == "a"

    async def acknowledges() -> None:
        await do("emit", "ask")
        await hears("answer")

    async def burst() -> None:
        await do("emit", "burst", (40, 0))
        for number in range(40):
            await hears(number)

    await step("connect", connect)
    await step("text", text)
    await step("bytes", data)
    await step("acknowledged", acknowledged)
    await step("acknowledges", acknowledges)
    await step("burst", burst)
    await do("disconnect")


asyncio.run(main())
