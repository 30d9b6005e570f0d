"""Vulnerabilities of other Socket.IO and WebSocket servers, by their CVE numbers.

After each of them, another client that was connected before still gets responses. Each test has
failed without the check that it names, or with a vulnerable release of another server (socket.io
4.4.0 with engine.io 6.1.0, ws 8.2.3 and socket.io-parser 4.0.4; python-engineio 4.9.0 in threads).
"""

from __future__ import annotations

import ast
import asyncio
import os
import pathlib
from collections.abc import AsyncIterator

import httpx
import pytest
import sio
import sioserve
from support.engineio import SessionEnded, WebSocketSession
from support.hostile import (
    HANDSHAKE,
    PATIENCE,
    WEBSOCKET,
    Peer,
    frame,
    open_session,
    open_websocket,
    request,
    upgrade_request,
)
from support.sanitizers import ADDRESS_SANITIZER
from support.server import ServerProcess

# AddressSanitizer keeps 256 MB of freed memory.
MEMORY = 400_000_000 if ADDRESS_SANITIZER else 64_000_000
MESSAGE = 1_000_000  # the default limit of one message


@pytest.fixture
async def server(socketio_server: ServerProcess) -> AsyncIterator[ServerProcess]:
    async with WebSocketSession(socketio_server.url) as bystander:
        await bystander.join_namespace()
        yield socketio_server
        assert await bystander.call("reply", "still here") == ["still here"]


async def ended(session: WebSocketSession) -> None:
    """The server closes the session; its output before that does not matter."""
    while True:
        try:
            await session.next_message()
        except SessionEnded:
            return


async def refused(server: ServerProcess, *packets: str | bytes, join: bool = True) -> None:
    """The session is closed because of these packets."""
    async with WebSocketSession(server.url) as session:
        if join:
            await session.join_namespace()
        try:
            await session.send(*packets)
        except SessionEnded:
            return
        await asyncio.wait_for(ended(session), PATIENCE)


# --- memory ---


async def test_cve_2020_36048_a_polling_body_without_end(server: ServerProcess) -> None:
    """A server that collects a chunked body before it checks the size fills its memory."""
    server.forget_peak_memory()
    before = server.memory()
    peer = await Peer.connect(server)
    target = await open_session(peer)
    await peer.send(
        request("POST", target, b"", "Transfer-Encoding: chunked")[:-4].replace(
            b"\r\nContent-Length: 0", b""
        )
        + b"\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent = 0
    while not peer.reader.at_eof() and not peer.writer.is_closing() and sent < 200_000_000:
        await peer.send(chunk)
        sent += len(chunk)
    assert sent < 200_000_000, "the server goes on reading"
    assert server.peak_growth(before) < MEMORY
    peer.abort()


@pytest.mark.parametrize(
    "packet",
    ['2{}["quiet"]', "3{}[]", '51{}-["quiet"]', '51-{}["quiet",1]', "0/{},", '2/{},["quiet"]'],
    ids=["event", "ack", "attachments", "binary", "connect", "namespace"],
)
async def test_cve_2020_36049_a_packet_header_without_end(
    packet: str, server: ServerProcess
) -> None:
    """A parser that builds numbers and names character by character, or that has no limit for them,
    copies the packet repeatedly. The packets have no other error. Checked by read_header() and
    is_namespace().
    """
    server.forget_peak_memory()
    before = server.memory()
    await refused(server, "4" + packet.format("1" * (MESSAGE - 50)))
    assert server.peak_growth(before) < MEMORY


@pytest.mark.parametrize("join", [False, True], ids=["before CONNECT", "after CONNECT"])
async def test_cve_2026_33151_and_48804_unlimited_attachments(
    join: bool, server: ServerProcess
) -> None:
    """A parser that collects announced attachments must check their number before they arrive."""
    server.forget_peak_memory()
    before = server.memory()
    await refused(server, '451000000-["x"]', *[b"x" * MESSAGE] * 50, join=join)
    await refused(server, '4511-["x"]', *[b"x" * MESSAGE] * 50, join=join)
    await refused(server, b"nobody announced this", join=join)
    assert server.peak_growth(before) < MEMORY


@pytest.mark.parametrize("join", [False, True], ids=["before CONNECT", "after CONNECT"])
async def test_cve_2026_48804_attachments_for_a_namespace_not_joined(
    join: bool, server: ServerProcess
) -> None:
    """Attachments for a namespace that the client has not joined are not collected, even within the
    limit.
    """
    placeholders = ",".join(f'{{"_placeholder":true,"num":{number}}}' for number in range(10))
    namespace = "/chat," if join else ""
    await refused(server, f'4510-{namespace}["x",{placeholders}]', join=join)


async def test_cve_2026_48779_a_message_in_tiny_fragments(server: ServerProcess) -> None:
    """A reader with an object for each fragment needs a hundred times the memory of the message."""
    server.forget_peak_memory()
    before = server.memory()
    peer = await open_websocket(server)
    await peer.send(frame(1, b"4", first=0))
    for _ in range(100):
        await peer.send((frame(0, b"x", first=0) + frame(0, first=0) * 3) * 5000)
    assert server.peak_growth(before) < MEMORY
    peer.abort()


async def test_cve_2026_48802_no_thread_for_a_pong(server: ServerProcess) -> None:
    """A server that answers heartbeats in separate threads runs out of threads. Checked by
    Session::receive_pong(), which only stores the time.
    """

    def threads() -> int:
        return len(os.listdir(f"/proc/{server.process.pid}/task"))

    before = threads()
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()
        most = 0
        for _ in range(100):
            await session.send(*["3"] * 200)
            most = max(most, threads())
        assert await session.call("quiet") == []
    assert most <= before + 2


# --- packets that are interpreted as something else ---


@pytest.mark.parametrize(
    "number", ['"splice"', '"0"', "-1", "1", "0.5", "true", "null", "{}", "[0]", "1e9"]
)
async def test_cve_2022_2421_a_placeholder_without_an_index(
    number: str, server: ServerProcess
) -> None:
    """If a placeholder's number is looked up in an array without a check, it reaches the array's
    methods.
    """
    packet = '451-["reply",{"_placeholder":true,"num":' + number + "}]"
    await refused(server, packet, b"bytes")


@pytest.mark.parametrize(
    "args",
    ['{"toString":"x"}', "[]", "[null]", "[{}]", '[{"toString":"x"}]', '[["x"]]', "[true]", '"x"'],
)
async def test_cve_2023_32695_an_event_name_that_is_not_a_string(
    args: str, server: ServerProcess
) -> None:
    """A name that is an object is called by code that looks up its handlers."""
    await refused(server, "42" + args)


async def test_cve_2023_32695_an_event_name_that_is_an_attachment(server: ServerProcess) -> None:
    await refused(server, '451-[{"_placeholder":true,"num":0}]', b"reply")


async def test_cve_2024_38355_the_event_error(server: ServerProcess) -> None:
    """An emitter that throws for an "error" event without listeners ends the process."""
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()
        assert await session.call("error", "boom") == ["boom"]
        assert await session.call("reply", 1) == [1]


# --- uncaught exceptions ---


@pytest.mark.parametrize(
    "bad", [frame(3), b"\x81\x01x", frame(1, b"\xff"), frame(1, b"x", first=0xC0), frame(8, b"x")]
)
async def test_cve_2022_21676_an_invalid_frame_directly_after_the_handshake(
    bad: bytes, server: ServerProcess
) -> None:
    """It arrives before the new WebSocket has a listener for errors."""
    for target in (WEBSOCKET, f"{WEBSOCKET}&sid=nobody", "/socket.io/?EIO=3&transport=websocket"):
        peer = await Peer.connect(server)
        await peer.send(upgrade_request(target) + bad)
        await peer.read_to_end()
        peer.abort()


async def test_cve_2022_41940_a_reset_during_the_handshake(server: ServerProcess) -> None:
    """The connection is being passed on and has no listener for errors at that moment."""
    targets = [WEBSOCKET, f"{WEBSOCKET}&sid=nobody", HANDSHAKE, "/", "/counts"]
    for at_once in [True, False] * 5:
        peers = [await Peer.connect(server) for _ in targets]
        witness = await Peer.connect(server)
        for peer, target in zip(peers, targets, strict=True):
            peer.send_later(upgrade_request(target))
            if at_once:
                peer.reset()
        # After this later round trip, the upgrades have been read.
        await open_session(witness)
        for peer in [] if at_once else peers:
            peer.reset()
        witness.abort()


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "toString", "__class__", "", "POLLING"]
)
async def test_cve_2023_31125_a_transport_that_is_a_property(
    name: str, server: ServerProcess
) -> None:
    """If the table of transports is an object, it also has inherited entries."""
    for target in (f"/socket.io/?EIO=4&transport={name}", f"{HANDSHAKE}&transport={name}&sid=x"):
        answer = httpx.get(server.url + target)
        if answer.status_code != 200:
            assert answer.status_code == 400
            assert answer.json()["code"] in (0, 1)
    peer = await Peer.connect(server)
    await peer.send(upgrade_request(f"/socket.io/?EIO=4&transport={name}"))
    status, body = await peer.response()
    assert (status, body[:10]) == (400, b'{"code":0,')
    peer.abort()


async def test_cve_2024_37890_more_headers_than_the_limit(server: ServerProcess) -> None:
    """An upgrade with more headers than the parser keeps arrives without those it needs."""
    many = b"X:\r\n" * 3000  # 12 KB: below the limit of bytes
    for data in (
        upgrade_request(WEBSOCKET).replace(b"Host:", many + b"Host:"),
        upgrade_request(WEBSOCKET)[:-2] + many + b"\r\n",
    ):
        peer = await Peer.connect(server)
        peer.send_later(data)
        assert (await peer.response())[0] == 431
        peer.abort()


# --- data that others may read, or code that they may run ---


async def test_cve_2020_28481_no_page_of_another_origin_by_default(server: ServerProcess) -> None:
    """A server that allows all origins by default. Checked by origin_ok(), and by Cors, which adds
    nothing without configured origins.
    """
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        answer = httpx.request(method, server.url + HANDSHAKE, headers=headers)
        assert answer.status_code in (400, 403)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


# Functions that convert data to objects of any class, or text to code.
UNPICKLING = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "jsonpickle",
}
EVALUATING = {"eval", "exec", "__import__", "unsafe_load", "UnsafeLoader"}


def makes_code(source: str) -> bool:
    """Whether the module imports or calls, in any way, a function that creates code from data."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.alias(name=name) | ast.Constant(value=str(name)):
                if UNPICKLING & set(name.split(".")):
                    return True
            case ast.ImportFrom(module=str(name)):
                if UNPICKLING & set(name.split(".")):
                    return True
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name in UNPICKLING | EVALUATING:
                    return True
    return False


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import json, pickle as json2",
        "from pickle import loads",
        "from a.marshal import b",
        "from multiprocessing.reduction import pickle",
        "codec = importlib.import_module('pickle')",
        "def f(data): return eval(data)",
        "exec(data)",
        "yaml.unsafe_load(data)",
    ],
)
def test_cve_2025_61765_unpickling_would_be_noticed(source: str) -> None:
    assert makes_code(source)


def test_cve_2025_61765_nothing_is_unpickled() -> None:
    """Data from another process is only data: no module can create code from it."""
    packages = [pathlib.Path(module.__file__ or "").parent for module in (sio, sioserve)]
    modules = [path for package in packages for path in package.rglob("*.py")]
    modules = [path for path in modules if "testing" not in path.parts]
    assert len(modules) > 50
    assert [path for path in modules if makes_code(path.read_text())] == []
