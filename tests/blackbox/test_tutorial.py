"""docs/tutorial.md, followed literally; then two people chat.

Only these lines are not run as they are: the installation, because sioserve and Django are there,
and the two servers, which get a free port.
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
from support.server import PATIENCE, ServerProcess, environment, executable
from support.tutorial import Follower, steps

import socketio

INSTALLATION = re.compile(r"python3 -m venv |\. [\w-]+/bin/activate|pip install ")
RUNSERVER = "python manage.py runserver"
RUNSERVER_LISTENS = re.compile(r"development server at http://(\S+):(\d+)/")


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


class Command(ServerProcess):
    """A server that the tutorial starts, on a free port."""

    def __init__(self, command: str, follower: Follower) -> None:
        super().__init__("unused", cwd=follower.folder, env=follower.env)
        words = command.split()
        if command.startswith(RUNSERVER):
            self.listening = RUNSERVER_LISTENS
            self.command = [sys.executable, *words[1:], "--noreload", "0"]
        else:
            self.command = [executable(), *words[1:], "--port", "0"]


@pytest.mark.timeout(300)
async def test_the_tutorial(tmp_path: pathlib.Path) -> None:
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    follower = Follower(tmp_path, {**environment(), "PATH": path})
    done = []
    for step in steps():
        if step.path:
            follower.write(step)
            done.append(step.path)
            continue
        for command in step.text.splitlines():
            if INSTALLATION.match(command):
                continue
            if command.startswith(("sioserve ", RUNSERVER)):
                server = Command(command, follower)
                server.start()
                try:
                    await chat(server.url, f"I use {command}")
                    assert f"I use {command}" in await history(server.url)
                finally:
                    server.stop()
            else:
                follower.run(command)
            done.append(command)
    assert done[-1].startswith("sioserve mysite.asgi:application --workers 2")
    assert {"chat/sockets.py", "chat/tests.py", RUNSERVER, "python manage.py test"} <= {*done}
