"""docs/tutorial.md, followed literally; then two people chat.

Only these lines are not run as they are: the installation, because sioserve and Django are there,
and the two servers, which get a free port. tests/browser/test_tutorial_page.py installs, and
looks at the page.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from support.server import PATIENCE, environment, executable
from support.tutorial import RUNSERVER, Follower, follow

import socketio


class Person:
    """A browser: logs in on the page, then connects as the page does."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        self.client = socketio.AsyncClient(reconnection=False)
        self.events: list[tuple[Any, ...]] = []
        self.client.on("*", self._received, namespace="/chat")

    async def _received(self, event: str, *args: Any) -> None:
        self.events.append((event, *args))

    async def connect(self) -> None:
        async with httpx.AsyncClient(
            base_url=self.url, follow_redirects=True, timeout=PATIENCE
        ) as browser:
            login = await browser.get("/")
            assert str(login.url).endswith("/accounts/login/?next=/")
            (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', login.text)
            form = {"username": self.name, "password": f"{self.name}-in-chat"}
            page = await browser.post(login.url, data={"csrfmiddlewaretoken": token, **form})
            assert f"<h1>Hello {self.name}</h1>" in page.text
            (script,) = re.findall(r'<script src="([^"]+)"', page.text)
            assert script == "/socket.io/socket.io.js"
            cookies = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
        await self.client.connect(
            self.url, headers={"Cookie": cookies}, namespaces=["/chat"], transports=["websocket"]
        )

    async def said(self, event: str, count: int = 1) -> list[Any]:
        """The arguments of the first `count` events of that name."""
        while True:
            found = [args[0] for name, *args in self.events if name == event]
            if len(found) >= count:
                return found
            await self.client.sleep(0.01)


@contextlib.asynccontextmanager
async def people(url: str) -> AsyncIterator[tuple[Person, Person]]:
    alice, bob = Person(url, "alice"), Person(url, "bob")
    try:
        await alice.connect()
        assert isinstance((await alice.said("history"))[0], list)
        await bob.connect()
        yield alice, bob
    finally:
        await alice.client.disconnect()
        await bob.client.disconnect()


async def chat(url: str, text: str) -> None:
    async with people(url) as (alice, bob):
        assert await alice.said("notice") == ["bob has joined"]
        await bob.client.emit("typing", namespace="/chat")
        assert await alice.said("typing") == ["bob"]
        answer = await bob.client.call("say", text, namespace="/chat")
        assert answer == {"ok": True}
        for person in (alice, bob):
            (message,) = await person.said("message")
            assert (message["author"], message["text"]) == ("bob", text)
        answer = await alice.client.call("say", "", namespace="/chat")
        assert answer == {"error": "A message has 1 to 500 characters"}
        await bob.client.disconnect()
        assert (await alice.said("notice", 2))[1] == "bob has left"


async def history(url: str) -> list[str]:
    async with people(url) as (_, bob):
        return [message["text"] for message in (await bob.said("history"))[0]]


@pytest.mark.timeout(300)
async def test_the_tutorial(tmp_path: pathlib.Path) -> None:
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    follower = Follower(tmp_path, {**environment(), "PATH": path})
    replaced = {"python": sys.executable, "sioserve": executable()}
    done = []
    with contextlib.closing(follow(follower, replaced=replaced)) as taken:
        for step, server in taken:
            if server:
                await chat(server.url, f"I use {step}")
                assert f"I use {step}" in await history(server.url)
            done.append(step)
    assert done[-1].startswith("sioserve mysite.asgi:application --workers 2")
    assert {"chat/sockets.py", "chat/tests.py", RUNSERVER, "python manage.py test"} <= {*done}
