#!/usr/bin/env python3
"""Writes docs/api.md from the docstrings of the packages `sio` and `sioserve`.

.venv/bin/python scripts/reference_page.py            rewrites it
.venv/bin/python scripts/reference_page.py --check    exits with 1 if it is not up to date

Every public name of `sio` is in it, and what applications use of `sioserve`. Exits with 1, naming
them, if some have no docstring.
"""

from __future__ import annotations

import inspect
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import sio
import sio.admin
import sio.socketio
import sioserve
import sioserve.logs
import sioserve.testing
from sio.engine import EngineIOApplication, EngineIOSocket
from sio.handshake import Handshake
from sio.socketio.broadcast import Broadcast
from sio.socketio.emitter import Emitter

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "api.md"
BEGIN, END = "<!-- reference: begin -->\n", "<!-- reference: end -->\n"

# Classes whose instances users get without naming the class.
FOUND = (
    sio.socketio.NamespaceSocket,
    sio.socketio.Namespace,
    sio.socketio.SocketIOServer,
    Broadcast,
    Emitter,
    Handshake,
    EngineIOSocket,
)

# Of other modules, by the names under which applications import them.
FUNCTIONS_ELSEWHERE = {
    "sio.admin.instrument": sio.admin.instrument,
    "sioserve.stop_event": sioserve.stop_event,
    "sioserve.logs.request_id": sioserve.logs.request_id,
    "sioserve.testing.captured_emits": sioserve.testing.captured_emits,
    "sioserve.testing.sio_client": sioserve.testing.sio_client,
}
CLASSES_ELSEWHERE = {
    f"sioserve.testing.{name}": getattr(sioserve.testing, name)
    for name in ("SioTestClient", "SioTestServer", "Emitted")
}

# Names that are only for other modules of the package.
INTERNAL = {
    "add_consumer",
    "add_socket",
    "adapter_of",
    "admit",
    "any_handlers",
    "ask",
    "attach",
    "check_running",
    "core",
    "detach",
    "drop_adapter",
    "drop_listeners",
    "finished",
    "forget",
    "gone",
    "keep",
    "fail_answers",
    "make_adapter",
    "mark_accepted",
    "mark_disconnected",
    "native_relays",
    "number",
    "on_message",
    "on_transport_upgrade",
    "own_handlers",
    "own_table",
    "broadcast_adapter",
    "callbacks_over",
    "is_private_room",
    "receive_server_side_emit",
    "recover",
    "remove_handler",
    "remove_socket",
    "renew_adapter",
    "send_event",
    "take_callback",
    "take_over",
    "used_elsewhere",
    "describe",
    "restore",
    "wake",
    "add_dormant",
    "remove_dormant",
    "let_go",
    "pending_answers",
    "sockets_everywhere",
    "find_or_fit",
    "take_signal_handlers",
    "notify_new_namespace",
    "call_outgoing_listeners",
    "add_any_event",
    "call_back",
    "publishing_adapter",
    "abandon",
    "add_handler",
    "enable_native_hooks",
    "has_sockets",
    "is_busy",
    "lost",
    "named_namespaces",
    "native",
    "open_session",
    "pace",
    "parent_namespaces",
    "receive_packet",
    "room_watcher",
    "serve_natively",
    "serve_with_others",
    "socket_numbered",
    "update_watch",
    "use_consumer",
}


def main() -> int:
    undocumented: list[str] = []
    text = "".join(reference(undocumented))
    if undocumented:
        print("without a docstring: " + ", ".join(undocumented))
        return 1
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    written = before + BEGIN + text + "\n" + END + after
    if "--check" in sys.argv[1:]:
        if page != written:
            print("docs/api.md is not up to date: run scripts/reference_page.py")
        return int(page != written)
    PAGE.write_text(written)
    return 0


def reference(undocumented: list[str]) -> Iterator[str]:
    exported = {name: getattr(sio, name) for name in sio.__all__ if not name.startswith("__")}
    functions = {n: f for n, f in exported.items() if inspect.isfunction(f)}
    classes = {n: c for n, c in exported.items() if inspect.isclass(c)}
    yield "\n## Functions and decorators of `sio`\n"
    for name, function in sorted(functions.items()):
        yield entry(f"sio.{name}", signature(function), function, undocumented)
    for cls in (*FOUND, *(c for _, c in sorted(classes.items()) if c not in FOUND)):
        yield f"\n## `{cls.__name__}`\n"
        yield from describe_class(cls, undocumented)
    yield "\n## Functions of `sio.admin` and `sioserve`\n"
    for name, function in FUNCTIONS_ELSEWHERE.items():
        yield entry(name, signature(function), function, undocumented)
    for name, cls in CLASSES_ELSEWHERE.items():
        yield f"\n## `{name}`\n"
        yield from describe_class(cls, undocumented)


def describe_class(cls: type, undocumented: list[str]) -> Iterator[str]:
    yield "\n" + text_of(cls, cls.__name__, undocumented) + "\n"
    for name, member in public_members(cls):
        title = f"{cls.__name__}.{name}"
        if isinstance(member, property):
            yield entry(name, annotation(member), member, undocumented, title)
        elif callable(inspect.unwrap(getattr(cls, name))):
            yield entry(name, signature(getattr(cls, name)), member, undocumented, title)


def public_members(cls: type) -> Iterator[tuple[str, Any]]:
    """Own and inherited members in the order of their definitions, without attributes."""
    seen: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.split(".")[0] not in ("sio", "sioserve") or base is EngineIOApplication:
            continue
        for name, member in vars(base).items():
            if name.startswith("_") or name in seen or name in INTERNAL:
                continue
            seen.add(name)
            if isinstance(member, (property, classmethod, staticmethod)) or callable(member):
                yield name, member


def entry(
    name: str, how: str, member: Any, undocumented: list[str], title: str | None = None
) -> str:
    return f"\n`{name}{how}`\n\n{indent(text_of(member, title or name, undocumented))}\n"


def text_of(member: Any, title: str, undocumented: list[str]) -> str:
    text = inspect.getdoc(member)
    if not text or (inspect.isclass(member) and not member.__doc__):
        undocumented.append(title)
        return ""
    return text


def indent(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def signature(function: Any) -> str:
    parameters = inspect.signature(function)
    without_self = [p for p in parameters.parameters.values() if p.name not in ("self", "cls")]
    text = str(parameters.replace(parameters=without_self))
    # Annotations are strings.
    return without_socket_class(re.sub(r"(: |-> )'([^']*)'", r"\1\2", text))


def annotation(member: property) -> str:
    returned = getattr(member.fget, "__annotations__", {}).get("return")
    return without_socket_class(f": {returned}" if returned else "")


def without_socket_class(text: str) -> str:
    """The class of sockets, a parameter of some classes, is only for type checkers."""
    return re.sub(r"\b(Broadcast|Emitter|SocketList)\[\w+\]", r"\1", text)


if __name__ == "__main__":
    sys.exit(main())
