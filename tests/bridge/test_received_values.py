"""A client's JSON and MessagePack in handlers, compared with the results of Python's own readers.

Random documents are passed through a server without a network to a dispatcher. `expected()` and
`refused_by_json()` have the intended differences (lone surrogates, numbers outside the range of
double).
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable
from typing import Any

import _sioserve
import msgpack
import pytest

ROUNDS = 3000
WHITE_SPACE = ["", "", "", " ", "\n", "\t \r"]
TEXTS = ["", "a", "num", "ключ", "日本", "😀", "a b", '"', "\\", "/", "\x7f", "\u2028", "x" * 40]
ESCAPES = ['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u00e9", "\\u65E5"]
SURROGATES = ["\\ud83d\\ude00", "\\uD83D", "\\ude00", "\\ud83d\\ud83d\\ude00", "\\ud83dx"]
NUMBERS = [
    "0", "-0", "1", "-1", "0.0", "-0.0", "1e3", "1E+3", "2.5e-3", "1e-999", "-1e-999", "5e-324",
    "1.7976931348623157e308", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "123456789012345678901234567890", "-123456789012345678901234567890", "9" * 308, "0.1", "100.0",
    "1e22", "123456789.123456789", "0." + "0" * 400 + "1", "1" + "0" * 300 + ".5", "1e0000003",
]  # fmt: skip


class Client:
    """A client in the default namespace; the dispatcher gets its values."""

    def __init__(self, parser: str = "json") -> None:
        self._binary = parser == "msgpack"
        self._server = _sioserve.LoopbackServer(
            lambda: None, self, parser=parser, namespaces=["/"], max_attachments=1000
        )
        self._events: list[Any] = []
        self._auth: Any = None
        self._session = -1

    # Methods of the dispatcher.

    def session_opened(self, session: int, scope: Any) -> None: ...
    def session_closed(self, session: int, status: Any) -> None: ...
    def disconnect(self, *arguments: Any) -> None: ...

    def connect(
        self, socket: int, session: int, id: str, namespace: str, auth: Any, *_: Any
    ) -> None:
        self._auth = auth
        self._server.accept_socket(socket)

    def event(self, socket: int, args: list[Any], ack_id: int | None) -> None:
        self._events.append(args)
        self._server.events_done(socket, 1)

    # Methods for the tests.

    def connect_with(self, packet: str | bytes) -> Any:
        """The auth that connect() gets."""
        self._session = self._server.open_session({})
        self._server.receive(self._session, packet)
        self._server._drain()
        return self._auth

    def send(self, *messages: str | bytes) -> Any:
        """The first argument of the event in these messages; None: they are refused."""
        if self._session < 0 or not self._server.is_open(self._session):
            self.connect_with(msgpack.packb({"type": 0, "nsp": "/"}) if self._binary else "0")
        self._events.clear()
        for message in messages:
            self._server.receive(self._session, message)
        self._server._drain()
        if not self._server.is_open(self._session):
            assert not self._events
            return None
        [[name, argument]] = self._events
        assert name == "e"
        return [argument]


@pytest.fixture
def chooser() -> random.Random:
    seed = random.randrange(2**32)
    print("seed", seed)
    return random.Random(seed)


def random_string(chooser: random.Random) -> str:
    parts = []
    for _ in range(chooser.randrange(4)):
        text = chooser.choice(TEXTS)
        parts.append(json.dumps(text, ensure_ascii=chooser.random() < 0.3)[1:-1])
        parts.append(chooser.choice(ESCAPES + SURROGATES + ["", "", "", "", ""]))
    return '"' + "".join(parts) + '"'


def random_number(chooser: random.Random) -> str:
    match chooser.randrange(4):
        case 0:
            return chooser.choice(NUMBERS)
        case 1:
            return str(chooser.randrange(-(2**70), 2**70))
        case 2:
            return str(chooser.randrange(-200, 2000))
        case _:
            return repr(chooser.uniform(-1e6, 1e6) * 10.0 ** chooser.randrange(-200, 200))


def random_json(chooser: random.Random, depth: int = 5) -> str:
    def space() -> str:
        return chooser.choice(WHITE_SPACE)

    match chooser.randrange(6 if depth > 0 else 4):
        case 0:
            value = random_string(chooser)
        case 1 | 2:
            value = random_number(chooser)
        case 3:
            value = chooser.choice(["true", "false", "null"])
        case 4:
            items = [random_json(chooser, depth - 1) for _ in range(chooser.randrange(5))]
            value = f"[{','.join(items) or space()}]"
        case _:
            members = [
                f"{space()}{random_string(chooser)}{space()}:{random_json(chooser, depth - 1)}"
                for _ in range(chooser.randrange(5))
            ]
            value = "{" + (",".join(members) or space()) + "}"
    return space() + value + space()


def expected(value: Any) -> Any:
    """With U+FFFD for lone surrogates, which cannot be encoded in UTF-8."""
    match value:
        case str():
            return re.sub("[\ud800-\udfff]", "\ufffd", value)
        case list():
            return [expected(item) for item in value]
        case dict():
            return {expected(key): expected(item) for key, item in value.items()}
    return value


def described(value: Any) -> Any:
    """Equal if the values, their types and the order of members are equal."""
    match value:
        case list():
            return [described(item) for item in value]
        case dict():
            return [(described(key), described(item)) for key, item in value.items()]
    return (type(value), repr(value))


def no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def finite(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A number outside the range of double is refused."""

    def parse_finite(text: str) -> Any:
        return parse(text) if math.isfinite(float(text)) else no_number(text)

    return parse_finite


def read_json(text: str) -> Any:
    """Raises ValueError for values that must be refused."""
    return json.loads(
        text, parse_constant=no_number, parse_int=finite(int), parse_float=finite(float)
    )


def test_random_json_is_read_like_pythons_json_module(chooser: random.Random) -> None:
    client = Client()
    for _ in range(ROUNDS):
        document = random_json(chooser)
        received = client.send(f'2["e",{document}]')
        assert received is not None, document
        assert described(received[0]) == described(expected(json.loads(document))), document


def test_damaged_json_is_refused_where_the_json_module_refuses_it(chooser: random.Random) -> None:
    client = Client()
    pieces = ["", "0", "1", "-", ".", "e", "E+", '"', "\\", "\\u12", ",", ":", "[", "]", "{", "}",
              "NaN", "Infinity", "nul", "\x00", "\x1f", "\u2028", "\ufeff", "1e400", "9" * 400, "'",
              "//", " ", "\t", "\x0b", "\xa0", "tru", "-01", "+1", "1.", ".5"]  # fmt: skip
    refused = accepted = 0
    for _ in range(ROUNDS):
        document = random_json(chooser, 3)
        for _ in range(chooser.randrange(1, 3)):
            at = chooser.randrange(len(document) + 1)
            length = chooser.randrange(3)
            document = document[:at] + chooser.choice(pieces) + document[at + length :]
        received = client.send(f'2["e",[{document}]]')
        try:
            should_be = expected(read_json(f"[{document}]"))
        except ValueError:
            assert received is None, document
            refused += 1
            continue
        assert received is not None, document
        assert described(received[0]) == described(should_be), document
        accepted += 1
    assert min(refused, accepted) > ROUNDS / 20


@pytest.mark.parametrize("digits", [19, 20, 21, 100, 308])
@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_of_any_length_are_exact(digits: int, sign: str) -> None:
    text = sign + "9" * digits
    assert Client().send(f'2["e",{text}]') == [int(text)]


def test_attachments_replace_their_placeholders() -> None:
    value = Client().send(
        '53-["e",{"b":{"_placeholder":true,"num":2},"a":[1,{"num":0,"_placeholder":true}],'
        '"b2":{"_placeholder":false,"num":1}}]',
        b"zero",
        b"nobody names it",
        b"\x00two",
    )
    assert value == [{"b": b"\x00two", "a": [1, b"zero"], "b2": {"_placeholder": False, "num": 1}}]


def test_placeholders_within_a_placeholder_are_dropped_with_it() -> None:
    inner = '{"_placeholder":true,"num":0}'
    value = Client().send(
        f'51-["e",{{"x":[{inner},{inner},{{"_placeholder":true,"num":9}}],'
        '"_placeholder":true,"num":0}]',
        b"bytes",
    )
    assert value == [b"bytes"]


def test_without_attachments_nothing_is_a_placeholder() -> None:
    value = {"_placeholder": True, "num": 0}
    assert Client().send(f'2["e",{json.dumps(value)}]') == [value]


def test_auth_is_the_value_that_the_client_sent() -> None:
    auth = '{"token":"\\u00e9","n":123456789012345678901234567890,"a":1,"a":{"b":[]}}'
    assert Client().connect_with("0" + auth) == json.loads(auth)
    assert Client().connect_with("0") == {}
    with_bytes = {"token": b"\x00\xff", "n": [2**63]}
    packet = msgpack.packb({"type": 0, "nsp": "/", "data": with_bytes})
    assert Client("msgpack").connect_with(packet) == with_bytes
    assert Client("msgpack").connect_with(msgpack.packb({"type": 0, "nsp": "/"})) == {}


def random_value(chooser: random.Random, depth: int = 4) -> Any:
    match chooser.randrange(9 if depth > 0 else 7):
        case 0:
            return chooser.choice(TEXTS) * chooser.randrange(4)
        case 1:
            return chooser.randbytes(chooser.randrange(300))
        case 2:
            return chooser.choice([None, True, False])
        case 3:
            return chooser.randrange(-(2**63), 2**64)
        case 4:
            return chooser.randrange(-200, 300)
        case 5:
            return chooser.choice([0.0, -0.0, 0.5, -1.5, 2.0**100])  # exact in single precision
        case 6:
            return chooser.uniform(-1e6, 1e6) * 10.0 ** chooser.randrange(-200, 200)
        case 7:
            return [random_value(chooser, depth - 1) for _ in range(chooser.randrange(20))]
        case _:
            keys = [chooser.choice(TEXTS) + str(i) for i in range(chooser.randrange(20))]
            return {key: random_value(chooser, depth - 1) for key in keys}


def test_random_messagepack_is_read_like_the_msgpack_package(chooser: random.Random) -> None:
    client = Client("msgpack")
    for _ in range(ROUNDS // 3):
        value = random_value(chooser, 3)
        packet = {"type": 2, "nsp": "/", "data": ["e", value]}
        received = client.send(msgpack.packb(packet))
        assert received is not None, value
        assert described(received[0]) == described(value)


def test_damaged_messagepack_is_read_like_the_msgpack_package_or_refused(
    chooser: random.Random,
) -> None:
    client = Client("msgpack")
    refused = accepted = 0
    for _ in range(ROUNDS):
        data = bytearray(msgpack.packb(random_value(chooser, 2)))
        for _ in range(chooser.randrange(1, 3)):
            data[chooser.randrange(len(data))] = chooser.choice([*range(256), 0xC1, 0xD9, 0xDE])
        if chooser.random() < 0.2:
            del data[chooser.randrange(len(data)) :]
        packet = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1e" + bytes(data)
        received = client.send(packet)
        if b"\xff" in data:  # possibly a timestamp; msgpack refuses one of another length
            continue
        extensions: list[int] = []
        try:
            [_, read] = msgpack.unpackb(
                b"\x92\xa1e" + bytes(data),
                strict_map_key=False,
                timestamp=1,
                ext_hook=lambda code, _, found=extensions: found.append(code),
            )
        except (ValueError, OverflowError, TypeError, msgpack.exceptions.UnpackException):
            assert received is None, packet
            refused += 1
            continue
        if extensions:  # special values of JavaScript
            continue
        if received is None:
            assert has_other_keys(read), packet
            continue
        assert described(received[0]) == described(as_json(read)), packet
        accepted += 1
    assert min(refused, accepted) > ROUNDS / 20


def has_other_keys(value: Any) -> bool:
    """Whether it has keys that JSON does not have."""
    match value:
        case list():
            return any(map(has_other_keys, value))
        case dict():
            return any(not isinstance(k, str) or has_other_keys(v) for k, v in value.items())
    return False


def as_json(value: Any) -> Any:
    """With null for NaN and infinities."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case list():
            return [as_json(item) for item in value]
        case dict():
            return {key: as_json(item) for key, item in value.items()}
    return value
