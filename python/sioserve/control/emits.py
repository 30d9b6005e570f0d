"""What processes without a server emit through the control socket, as sio.ControlEmitter sends it.

One is an object with `kind` ("event", "join", "leave", "disconnect" or "server_side"), `namespace`,
and what belongs to the kind: `args` ([event name, *arguments]), `rooms` (null: all clients),
`except_rooms`, `volatile`, `compress`, `to_rooms` (to join or leave), `close`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from sioserve.control.requests import RequestFailed

KINDS = ("event", "join", "leave", "disconnect", "server_side")


class Emit(NamedTuple):
    """One of them, checked. `args` has bytes in it."""

    kind: str
    namespace: str
    args: list[Any]
    rooms: list[str] | None
    except_rooms: list[str]
    to_rooms: list[str]
    volatile: bool
    compress: bool
    close: bool


class Server(Protocol):
    """What carry_out() uses of _sioserve.Server."""

    def broadcast(
        self,
        namespace: str,
        args: Sequence[Any],
        rooms: Iterable[str] = (),
        except_rooms: Iterable[str] = (),
        volatile: bool = False,
        compress: bool = True,
    ) -> None: ...

    def sockets_in(
        self, namespace: str, rooms: Iterable[str] = (), except_rooms: Iterable[str] = (), /
    ) -> list[int]: ...

    def join(self, socket: int, room: str) -> None: ...

    def leave(self, socket: int, room: str) -> None: ...

    def close_socket(self, socket: int, close_session: bool = False) -> None: ...

    def space(self) -> asyncio.Future[None] | None: ...


def read_emits(line: bytes) -> list[Emit]:
    """From the line of a request. Raises RequestFailed if it is malformed."""
    # The I/O process needs nothing else of the package, and this only if somebody emits.
    from sio import exact_json

    try:
        return [_read(one) for one in exact_json.loads(line.decode())["emits"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RequestFailed(f"an emit is malformed: {error!r}") from None


async def carry_out(server: Server, emits: Iterable[Emit]) -> list[str | None]:
    """In the I/O process, whose native server has all rooms. For each, None or an error."""
    results = [_carry_out(server, emit) for emit in emits]
    space = server.space()
    if space is not None:
        await asyncio.shield(space)
    return results


def _carry_out(server: Server, emit: Emit) -> str | None:
    if emit.kind == "server_side":
        return "with --workers, server_side_emit() of another process needs Redis"
    rooms = emit.rooms or ()
    if emit.kind == "event":
        try:
            server.broadcast(
                emit.namespace, emit.args, rooms, emit.except_rooms, emit.volatile, emit.compress
            )
        except (TypeError, ValueError) as error:
            return str(error)
        return None
    for number in server.sockets_in(emit.namespace, rooms, emit.except_rooms):
        if emit.kind == "disconnect":
            server.close_socket(number, emit.close)
        for room in emit.to_rooms:
            if emit.kind == "join":
                server.join(number, room)
            else:
                server.leave(number, room)
    return None


def _read(content: dict[str, Any]) -> Emit:
    kind = content["kind"]
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}")
    rooms = content.get("rooms")
    if rooms is not None and not rooms:
        raise ValueError("an empty list of rooms")
    args = content.get("args", [])
    if not isinstance(args, list) or (kind in ("event", "server_side") and not args):
        raise ValueError("args")
    return Emit(
        kind,
        _text(content["namespace"]),
        args,
        None if rooms is None else _texts(rooms),
        _texts(content.get("except_rooms", [])),
        _texts(content.get("to_rooms", [])),
        bool(content.get("volatile", False)),
        bool(content.get("compress", True)),
        bool(content.get("close", False)),
    )


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        raise TypeError(f"not a list: {values!r}")
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a string: {value!r}")
    return value
