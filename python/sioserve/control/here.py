"""Carries out, in the application's process, what others emit through the control socket."""

from __future__ import annotations

from collections.abc import Iterable

from sio import Namespace, SocketIOServer
from sio.socketio.target import Target

from sioserve.control.emits import Emit


async def emit_here(server: SocketIOServer, emits: Iterable[Emit]) -> list[str | None]:
    """For each, None or an error."""
    results: list[str | None] = []
    for emit in emits:
        namespace = server.find(emit.namespace)
        error = None
        try:
            if namespace is not None:  # it has clients, or handlers
                await _emit(namespace, emit)
        except (TypeError, ValueError, RuntimeError) as failure:  # such as TooManyRooms
            error = str(failure)
        results.append(error)
    return results


async def _emit(namespace: Namespace, emit: Emit) -> None:
    adapter = namespace.adapter
    target = Target(
        None if emit.rooms is None else frozenset(emit.rooms),
        frozenset(emit.except_rooms),
        volatile=emit.volatile,
        compress=emit.compress,
    )
    if emit.kind == "event":
        await adapter.emit(emit.args, target)
    elif emit.kind == "join":
        await adapter.sockets_join(target, emit.to_rooms)
    elif emit.kind == "leave":
        await adapter.sockets_leave(target, emit.to_rooms)
    elif emit.kind == "disconnect":
        await adapter.disconnect_sockets(target, emit.close)
    else:
        event, *args = emit.args
        await namespace.receive_server_side_emit(event, args)
