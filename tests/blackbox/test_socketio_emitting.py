"""Emitting from all parts of a Django project, from a channel layer, and from other code."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import pathlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from support.engineio import SESSIONS, Session
from support.server import ServerProcess
from support.socketio_project import (
    cookie_of,
    project_environment,
    run_in_project,
    start_project,
)

rooms = (f"room-{number}" for number in itertools.count())


@pytest.fixture(scope="module", params=["native", "routed"])
def mount(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def project(mount: str, folder: pathlib.Path) -> Iterator[ServerProcess]:
    for database in folder.glob("*"):
        database.unlink()
    server = start_project(mount, folder)
    yield server
    server.stop()


@contextlib.asynccontextmanager
async def in_room(
    server: ServerProcess, room: str, transport: str = "websocket"
) -> AsyncIterator[Session]:
    headers = await asyncio.to_thread(cookie_of, server, "alice")
    async with SESSIONS[transport](server.url, headers=headers) as session:
        await session.join_namespace("/lobby", auth={"room": room})
        yield session


async def visit(server: ServerProcess, view: str, room: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"{server.url}/from/{view}/", params={"room": room})
    assert response.status_code < 300, response.text
    return response


@pytest.mark.parametrize(
    "view",
    [
        "sync-view",
        "awaiting-view",
        "async-view",
        "task-view",
        "thread-view",
        "sync-code-view",
        "rollback-view",
        "signal-view",
        "command-view",
    ],
)
async def test_emitting(view: str, project: ServerProcess) -> None:
    room = next(rooms)
    async with in_room(project, room) as session:
        await visit(project, view, room)
        assert await session.next_event("/lobby") == ["announced", view]


async def test_events_emitted_on_commit_arrive_with_the_commit(project: ServerProcess) -> None:
    room = next(rooms)
    async with in_room(project, room) as session:
        await visit(project, "commit-view", room)
        heard = [await session.next_event("/lobby") for _ in range(2)]
        assert heard == [["announced", "within"], ["announced", "commit-view"]]


async def test_values_of_a_model_from_the_database_can_be_emitted(project: ServerProcess) -> None:
    room = next(rooms)
    async with in_room(project, room) as session:
        await visit(project, "model-view", room)
        _, _, values = await session.next_event("/lobby")
        assert (values["username"], values["is_staff"]) == ("alice", False)
        assert values["date_joined"].endswith("Z")


async def test_emitting_an_unencodable_value_raises_in_the_view(project: ServerProcess) -> None:
    response = await visit(project, "unencodable-view", next(rooms))
    assert response.text == "Object of type User is not JSON serializable at $[1].users[0]"


@pytest.mark.parametrize("how", ["server.emit('e')", "server.to('r').emit('e')"])
def test_emitting_in_another_process_raises(
    how: str, mount: str, folder: pathlib.Path, project: ServerProcess
) -> None:
    """For example a Celery worker, a management command or a shell."""
    done = run_in_project(
        f"""
import django
django.setup()
import sio
server = sio.get_socketio_server()
try:
    {how}
except RuntimeError as error:
    print(error)
""",
        project_environment(mount, folder),
    )
    assert "no Socket.IO server is running in this process" in done.stdout


# --- channel layers ---


@pytest.mark.parametrize("mount", ["routed"], indirect=True, scope="module")
@pytest.mark.parametrize("transport", SESSIONS)
@pytest.mark.parametrize("view", ["layer-view", "sync-layer-view"])
async def test_group_send_reaches_rooms_through_the_channel_layer(
    view: str, transport: str, project: ServerProcess
) -> None:
    """Immediately, over both transports, once to each client of the room."""
    room = next(rooms)
    async with (
        in_room(project, room, transport) as one,
        in_room(project, room, transport) as two,
        in_room(project, next(rooms), transport) as stranger,
    ):
        await visit(project, view, room)
        await visit(project, "sync-view", room)
        for session in (one, two):
            heard = [await session.next_event("/lobby") for _ in range(2)]
            assert sorted(heard) == sorted([["announced", view], ["announced", "sync-view"]])
        await stranger.emit("who", namespace="/lobby", ack=1)
        assert str(await stranger.next_message()).startswith("43/lobby,1[")


@pytest.mark.parametrize("mount", ["native"], indirect=True, scope="module")
async def test_without_a_channel_layer_rooms_work(mount: str, project: ServerProcess) -> None:
    modules = (await asyncio.to_thread(httpx.get, f"{project.url}/modules/")).json()
    assert "channels.layers" not in modules
    room = next(rooms)
    async with in_room(project, room) as one, in_room(project, room) as two:
        await visit(project, "sync-view", room)
        for session in (one, two):
            assert await session.next_event("/lobby") == ["announced", "sync-view"]


async def test_a_layer_that_cannot_be_created_is_logged_and_rooms_still_work(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "broken_settings.py").write_text(
        "from routed_settings import *\n"
        "CHANNEL_LAYERS = {'default': {'BACKEND': 'no.such.layer.Layer'}}\n"
    )
    (tmp_path / "broken_asgi.py").write_text("from routed_asgi import application\n")
    server = start_project("broken", tmp_path)
    try:
        assert "the channel layer 'default' can't be used" in server.log
        async with in_room(server, "r") as session:
            await visit(server, "sync-view", "r")
            assert await session.next_event("/lobby") == ["announced", "sync-view"]
    finally:
        server.stop()


async def test_the_bridge_to_the_channel_layer_can_be_switched_off(tmp_path: pathlib.Path) -> None:
    (tmp_path / "unbridged_settings.py").write_text(
        "from routed_settings import *\nSIO_CHANNEL_LAYER = None\n"
    )
    (tmp_path / "unbridged_asgi.py").write_text("from routed_asgi import application\n")
    server = start_project("unbridged", tmp_path)
    try:
        async with in_room(server, "r") as session:
            await visit(server, "layer-view", "r")
            await visit(server, "sync-view", "r")
            assert await session.next_event("/lobby") == ["announced", "sync-view"]
    finally:
        server.stop()
