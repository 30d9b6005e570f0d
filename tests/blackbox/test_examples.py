"""The programs of docs/examples.md, started by the commands of the page."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from support.server import ROOT, ServerProcess, environment

import socketio

PAGE = (ROOT / "docs" / "examples.md").read_text()
PROGRAMS = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.S))
COMMANDS = {name: line for line, name in re.findall(r"^    sioserve ((\w+):.*)$", PAGE, re.M)}

SHOP_MODELS = """
from django.conf import settings
from django.db import models
class Order(models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    status = models.CharField(max_length=20)
"""
SHOP = """
import django, sio
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from sioserve.testing import captured_emits
from shop.models import Order
call_command("migrate", run_syncdb=True, verbosity=0)
sio.autodiscover()
with captured_emits() as emits:
    Order.objects.create(customer=User.objects.create(pk=7), status="paid")
print([(e.namespace, e.rooms, e.event, e.args) for e in emits])
"""


@pytest.fixture
def run(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """The server of the example that the test's `run` mark names."""
    name = request.param
    (tmp_path / f"{name}.py").write_text(PROGRAMS[f"{name}.py"])
    application, *options = COMMANDS[name].split()
    server = ServerProcess(application, *options, cwd=tmp_path)
    server.start()
    yield server
    server.stop()


@contextlib.asynccontextmanager
async def client(
    server: ServerProcess, namespace: str = "/", auth: Any = None
) -> AsyncIterator[socketio.AsyncSimpleClient]:
    async with socketio.AsyncSimpleClient() as connected:
        await connected.connect(
            server.url, namespace=namespace, auth=auth, transports=["websocket"]
        )
        yield connected


def test_every_program_is_tested() -> None:
    assert {*PROGRAMS} == {f"{name}.py" for name in COMMANDS} | {"shop/sockets.py"}
    assert {*COMMANDS} == {"echo", "fast", "board", "vote", "progress"}


@pytest.mark.parametrize("run", ["echo"], indirect=True)
async def test_echo(run: ServerProcess) -> None:
    async with client(run) as one:
        assert await one.call("echo", {"any": ["thing"]}) == {"any": ["thing"]}
    assert httpx.get(run.url).status_code == 404


@pytest.mark.parametrize("run", ["fast"], indirect=True)
async def test_fastapi(run: ServerProcess) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with client(run, "/news", {"token": "guessed"}):
            pass
    async with client(run, "/news", {"token": "secret"}) as one:
        answer = httpx.post(f"{run.url}/announce", params={"text": "hello"})
        assert answer.json() == {"clients": 1}
        assert await one.receive(timeout=10) == ["announcement", "hello"]


@pytest.mark.parametrize("run", ["board"], indirect=True)
async def test_cursors(run: ServerProcess) -> None:
    async with (
        client(run, "/board", {"board": 1}) as ann,
        client(run, "/board", {"board": 1}) as bob,
        client(run, "/board", {"board": 2}) as eve,
    ):
        await ann.emit("cursor_move", [3, 4])
        assert await bob.receive(timeout=10) == ["cursor_move", [3, 4]]
        await bob.call("cursor_move", [5, 6])
        assert await ann.receive(timeout=10) == ["cursor_move", [5, 6]]
        # Her own event comes after those of others that were sent to her.
        await eve.call("cursor_move", [0, 0])
        assert eve.input_buffer == []


@pytest.mark.parametrize("run", ["vote"], indirect=True)
async def test_a_vote(run: ServerProcess) -> None:
    async with client(run, "/vote") as chair, contextlib.AsyncExitStack() as stack:
        for answer in ("yes", "no", "yes"):
            voter = socketio.AsyncClient()
            voter.on("question", lambda _, answer=answer: answer, namespace="/vote")
            await voter.connect(run.url, namespaces=["/vote"], transports=["websocket"])
            stack.push_async_callback(voter.disconnect)
        assert await chair.call("ask", "Lunch?") == {"yes": 2, "asked": 3}


@pytest.mark.parametrize("run", ["progress"], indirect=True)
async def test_progress(run: ServerProcess) -> None:
    async with client(run) as one:
        done = asyncio.create_task(one.call("start", 3))
        received = [await one.receive(timeout=10) for _ in range(3)]
        assert received == [["progress", step, 3] for step in (1, 2, 3)]
        assert await done == "done"


def test_notifications_from_signals(tmp_path: pathlib.Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "models.py").write_text(SHOP_MODELS)
    (shop / "sockets.py").write_text(PROGRAMS["shop/sockets.py"])
    result = subprocess.run(
        [sys.executable, "-c", SHOP],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(
        [("/orders", frozenset({"user 7"}), "order", ({"id": 1, "status": "paid"},))]
    )
