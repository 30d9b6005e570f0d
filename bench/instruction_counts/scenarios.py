"""What is counted: each scenario has an application and a load.

A load connects its clients, and returns a round of units of work: requests, events, deliveries. A
round is repeated. The server is paused while its clients send, so that it finds the same work each
time, however fast they are.

There is none with --workers: valgrind 3.19 does not know pidfd_open(), which it needs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import socket
from collections.abc import Callable

from instruction_counts.clients import (
    connect,
    frame,
    join,
    read,
    receive,
    upgrade,
    wait_for_connect,
)

CONNECTIONS = 16
CLIENTS = 100  # of a broadcast


@dataclasses.dataclass(frozen=True)
class Round:
    units: int
    send: Callable[[], None]
    receive: Callable[[], None]  # waits for the answer to all that was sent


Load = Callable[[int], Round]  # gets the port

BODY = b"a line of the body of a request\n" * 320  # 10 KB


def http(method: str, path: str, body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    return f"{head}{length}\r\n".encode() + body


def in_turn(connections: list[socket.socket], what: bytes, answer: bytes) -> Round:
    def send() -> None:
        for connection in connections:
            connection.sendall(what)

    def receive_all() -> None:
        for connection in connections:
            receive(connection, answer)

    return Round(len(connections), send, receive_all)


def one_to_all(clients: list[socket.socket], what: bytes, answer: bytes) -> Round:
    """Another client sends in each round, and all of them get the answer."""

    def send() -> None:
        clients.append(clients.pop(0))
        clients[0].sendall(what)

    def receive_all() -> None:
        for client in clients:
            receive(client, answer)

    return Round(len(clients), send, receive_all)


def requests_to(path: str, answer: bytes, connections: int = CONNECTIONS) -> Load:
    return lambda port: in_turn(
        [connect(port) for _ in range(connections)], http("GET", path), answer
    )


def bodies(port: int) -> Round:
    """A body that the application reads and sends back."""
    connections = [connect(port) for _ in range(CONNECTIONS)]
    return in_turn(connections, http("POST", "/", BODY), BODY[-200:])


def websockets(port: int, path: str, count: int) -> list[socket.socket]:
    connections = [upgrade(port, path) for _ in range(count)]
    for connection in connections:
        receive(connection, b"\r\n\r\n")
    return connections


def messages(text: str) -> Load:
    """Text messages of WebSockets, which the application sends back."""
    end = text[-9:].encode()
    return lambda port: in_turn(websockets(port, "/", CONNECTIONS), frame(text), end)


def broadcasts(port: int) -> Round:
    """Messages that the application sends to each WebSocket on its own."""
    members = websockets(port, "/all", CLIENTS)
    return one_to_all(members, frame("a message of 32 bytes, as usual."), b"as usual.")


def events(port: int) -> Round:
    """Socket.IO events over WebSockets, with acknowledgements."""
    clients = [join(port) for _ in range(CONNECTIONS)]
    return in_turn(clients, frame('427["echo","hello"]'), b'437["hello"]')


def polled_events(port: int) -> Round:
    """The same over polling: a POST, whose acknowledgement ends a GET that waits for it."""
    path = "/socket.io/?EIO=4&transport=polling"
    posts = [connect(port) for _ in range(CONNECTIONS)]
    polls = [connect(port) for _ in range(CONNECTIONS)]
    paths = []
    for connection in posts:
        connection.sendall(http("GET", path))
        opened = receive(connection, b"}")
        sid = json.loads(opened.rpartition(b"\r\n\r\n0")[2])["sid"]
        paths.append(f"{path}&sid={sid}")
    for connection, own_path in zip(posts, paths, strict=True):
        connection.sendall(http("POST", own_path, b"40"))
        receive(connection, b"ok")
        connection.sendall(http("GET", own_path))
        receive(connection, b"}")

    def send() -> None:
        for connection, own_path in zip(polls, paths, strict=True):
            connection.sendall(http("GET", own_path))
        for connection, own_path in zip(posts, paths, strict=True):
            connection.sendall(http("POST", own_path, b'427["echo","hello"]'))

    def receive_all() -> None:
        for connection in posts:
            receive(connection, b"ok")
        for connection in polls:
            receive(connection, b'437["hello"]')

    return Round(CONNECTIONS, send, receive_all)


def deliveries(port: int) -> Round:
    """Deliveries of broadcasts: a client's event is emitted to all clients."""
    clients = [join(port) for _ in range(CLIENTS)]
    return one_to_all(clients, frame('42["all","hello"]'), b'["news","hello"]')


def relayed_events(port: int) -> Round:
    """Events that a relay forwards to the other client of the sender's room."""
    pairs = [
        [join(port, "/relay,", json.dumps({"room": number})) for _ in range(2)]
        for number in range(CONNECTIONS)
    ]

    def send() -> None:
        for sender, _ in pairs:
            sender.sendall(frame('42/relay,["move","hello"]'))

    def receive_all() -> None:
        for _, receiver in pairs:
            receive(receiver, b'["move","hello"]')

    return Round(len(pairs), send, receive_all)


def connects(port: int) -> Round:
    """Connections of Socket.IO clients over WebSockets, from their start to their end."""
    clients: list[socket.socket] = []

    def send() -> None:
        for _ in range(CONNECTIONS):
            client = upgrade(port, "/socket.io/?EIO=4&transport=websocket")
            client.sendall(frame("40"))
            clients.append(client)

    def receive_and_leave() -> None:
        for client in clients:
            wait_for_connect(client)
        for client in clients:
            client.sendall(frame("41") + bytes([0x88, 0x80]) + bytes(4))  # and a close frame
        for client in clients:
            with client, contextlib.suppress(SystemExit):
                while True:
                    read(client)
        clients.clear()

    return Round(CONNECTIONS, send, receive_and_leave)


@dataclasses.dataclass(frozen=True)
class Scenario:
    what: str  # one unit
    load: Load
    units: int = 2000
    application: str = "instructions_app:application"
    options: tuple[str, ...] = ()  # {folder} is that of write_files()


def write_files(folder: pathlib.Path) -> None:
    """What is served with --static."""
    (folder / "page.css").write_bytes(BODY)


DJANGO = "django_site.asgi:application"

SCENARIOS = {
    "request": Scenario(
        "plain ASGI request",
        requests_to("/", b"hello you\n"),
        application="hello_app:application",
    ),
    "logged": Scenario(
        "plain ASGI request, with a line in the access log",
        requests_to("/", b"hello you\n"),
        application="hello_app:application",
        options=("--access-log={folder}/access.log",),
    ),
    "measured": Scenario(
        "plain ASGI request, with --metrics",
        requests_to("/", b"hello you\n"),
        application="hello_app:application",
        options=("--metrics=127.0.0.1:0",),
    ),
    "static": Scenario(
        "request for a file of 10 KB, --static",
        requests_to("/static/page.css", BODY[-200:]),
        options=("--static=/static/={folder}",),
    ),
    "body": Scenario("POST of 10 KB that is sent back", bodies),
    "django": Scenario(
        "request to a synchronous Django view",
        requests_to("/hello", b"hello", connections=1),  # threads would compete for the GIL
        units=500,
        application=DJANGO,
    ),
    "message": Scenario(
        "message of a WebSocket that is sent back", messages("a message of 32 bytes, as usual.")
    ),
    "large_message": Scenario("the same with 16 KB", messages("sixteen kilobytes" * 964)),
    "broadcast": Scenario("message to one of 100 WebSockets in a loop", broadcasts, units=20_000),
    "event": Scenario("Socket.IO event with its acknowledgement", events),
    "polled": Scenario("the same over polling", polled_events),
    "delivery": Scenario("delivery of a broadcast to 100 clients", deliveries, units=20_000),
    "relay": Scenario("event that a relay forwards to one client", relayed_events),
    "connect": Scenario("connection of a Socket.IO client over a WebSocket", connects, units=480),
}
