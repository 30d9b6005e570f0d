"""Values arrive as a handler's would: plain_values() follows the native encoder."""

from __future__ import annotations

import array
import datetime
import decimal
import enum
import json
import random
import uuid
from collections import OrderedDict, namedtuple
from typing import Any

import _sioserve
import pytest
import sio
from sio.json_values import json_value
from sio.plain_values import plain_values


class Level(enum.IntEnum):
    HIGH = 3

    def __str__(self) -> str:
        return "high"


class Text(str):
    def __str__(self) -> str:
        return "something else"


class Half(float):
    def __repr__(self) -> str:
        return "half"


class Items(dict):  # type: ignore[type-arg]
    """As Django's QueryDict, which has other values in items()."""

    def items(self) -> Any:
        return [("other", 1)]


class Money:
    pass


Point = namedtuple("Point", "x y")


def default(value: Any) -> Any:
    if isinstance(value, Money):
        return {"amount": decimal.Decimal("1.50"), "raw": b"\1"}
    return json_value(value, None)


def by_native_encoder(args: list[Any]) -> Any:
    """What the native server sends to a client for these arguments, with attachments in place."""
    server = _sioserve.LoopbackServer(lambda: None, _Accepting(), json_default=default)
    _Accepting.server = server
    session = server.open_session({"type": "websocket", "headers": [], "path": "/"})
    server.receive(session, "0")
    server._drain()
    server.take_sent(session)
    server.broadcast("/", args)
    text, *attachments = server.take_sent(session)
    assert isinstance(text, str)

    def attached(value: dict[str, Any]) -> Any:
        return attachments[value["num"]] if "_placeholder" in value else value

    return json.loads(text[text.index("[") :], object_hook=attached)


class _Accepting:
    """A dispatcher that accepts all."""

    server: Any = None

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None

    def connect(self, socket: int, *_: Any) -> None:
        self.server.accept_socket(socket)


VALUES: dict[str, Any] = {
    "json": [None, True, False, 0, -1, 1.0, -0.5, 1e300, "", 'é😀\x00"\\', [], {}, [[[]]]],
    "large numbers": [2**53 + 1, 2**63, -(2**63), 2**64, 2**200, -(2**70)],
    "tuples": ((1, (2,)), Point(1, 2)),
    "bytes": [b"", b"\0\xff", bytearray(b"a"), memoryview(b"abc")[::2], {"deep": [b"x"]}],
    "wide memory": memoryview(array.array("H", [1, 2])),
    "keys": {0: "a", True: "b", None: "c", 1.5: "d", Level.HIGH: "e", Text("k"): "f"},
    "subclasses": [Level.HIGH, Text("text"), Half(0.5), OrderedDict(b=1, a=2), Items(a=3)],
    "dates": [
        datetime.datetime(2026, 11, 28, 23, 59, 1, 234567),
        datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
        datetime.date(2026, 1, 2),
        datetime.time(1, 2, 3),
        datetime.timedelta(days=1, seconds=2),
    ],
    "of Django": [decimal.Decimal("1.50"), uuid.UUID(int=7)],
    "of the hook": [Money(), {"price": Money()}],
    "placeholders": [{"placeholder": True, "num": 0}, b"1"],
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_encoded_as_by_the_server(kind: str) -> None:
    args = ["event", VALUES[kind]]
    assert plain_values(args, default) == by_native_encoder(args)
    mine = json.dumps(plain_values(args, default), default=lambda value: f"bytes {value!r}")
    native = json.dumps(by_native_encoder(args), default=lambda value: f"bytes {value!r}")
    assert mine == native  # also the types: 1 is not 1.0


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


LOOP: list[Any] = []
LOOP.append(LOOP)

FAULTS: dict[str, Any] = {
    "object": {"items": [1, {"price": object()}]},
    "set": [{1}],
    "NaN": [float("nan")],
    "infinity": {"a": float("-inf")},
    "key": {"a": {(1, 2): 3}},
    "key NaN": {float("nan"): 1},
    "surrogate": ["\ud800"],
    "surrogate in a key": {"\ud800": 1},
    "too deep": deep(200),
    "itself": LOOP,
    "function": print,
    "function of Python": deep,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_value_that_the_server_refuses_is_refused_in_the_same_words(kind: str) -> None:
    args = ["event", FAULTS[kind]]
    with pytest.raises((TypeError, ValueError)) as native:
        by_native_encoder(args)
    with pytest.raises((TypeError, ValueError)) as mine:
        plain_values(args, default)
    assert (type(mine.value), str(mine.value)) == (type(native.value), str(native.value))


def test_the_deepest_value_is_not_refused() -> None:
    args = ["event", deep(199)]
    assert plain_values(args, default) == args == by_native_encoder(args)


def test_random_values_are_encoded_as_by_the_server() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)

    def value(depth: int) -> Any:
        leaves = [None, True, 1, -(2**40), 0.25, "ü", b"\0", Level.HIGH, decimal.Decimal(1)]
        kind = dice.randrange(4 if depth else 2)
        if kind < 2:
            return dice.choice(leaves)
        size = dice.randrange(4)
        if kind == 2:
            return dice.choice([list, tuple])(value(depth - 1) for _ in range(size))
        return {dice.choice(["a", "b", 1, None]): value(depth - 1) for _ in range(size)}

    for _ in range(50):
        args = ["event", *(value(4) for _ in range(3))]
        assert plain_values(args, default) == by_native_encoder(args)


def test_a_number_that_no_double_holds_is_refused() -> None:
    emitter = sio.RedisEmitter("redis://127.0.0.1:1")
    with pytest.raises(ValueError, match="too large to be sent through Redis"):
        emitter.emit("e", 10**400)
