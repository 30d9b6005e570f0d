"""The packet helpers, and the modules that the native engine replaces."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from sio.engineio import app, constants, packets, session, utils
from sio.engineio.packets import Packet
from sio.socketio import SocketIOPacket, SocketIOParser, get_socketio_server
from sio.socketio.protocol import encode_packet_to_eio


def test_open_packet():
    text = packets.encode_open_packet("abc", ["websocket"], max_payload=5)
    assert text[0] == "0"
    assert json.loads(text[1:]) == {
        "sid": "abc",
        "upgrades": ["websocket"],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 5,
    }


def test_polling_payload_round_trip():
    body = packets.encode_http_payload(
        [packets.encode_text_packet("4", "hällo"), packets.encode_http_binary_message(b"\1\2\3\4")]
    )
    assert body == "4hällo\x1ebAQIDBA=="
    assert packets.decode_http_payload(body.encode()) == [
        Packet("4", "hällo"),
        Packet("4", b"\1\2\3\4", binary=True),
    ]
    assert packets.decode_http_payload(b"") == []
    assert packets.decode_http_payload(b"\x1e4a\x1e") == [Packet("4", "a")]


@pytest.mark.parametrize("body", [b"9", b"b***", b"\xff", b"x"])
def test_bad_polling_payload(body):
    with pytest.raises(ValueError):
        packets.decode_http_payload(body)


def test_websocket_frames():
    assert packets.decode_ws_text_frame("2probe") == Packet("2", "probe")
    assert packets.decode_ws_binary_frame(b"4\0") == Packet("4", b"\0", binary=True)
    assert packets.encode_ws_text_frame("4", "x") == "4x"
    assert packets.encode_ws_binary_frame("4", b"\0") == b"4\0"
    for decode, empty in (
        (packets.decode_ws_text_frame, ""),
        (packets.decode_ws_binary_frame, b""),
    ):
        with pytest.raises(ValueError):
            decode(empty)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0", SocketIOPacket(0)),
        ('0/admin,{"a":1}', SocketIOPacket(0, "/admin", {"a": 1})),
        ("0/chat?token=1,", SocketIOPacket(0, "/chat")),
        ("0/chat", SocketIOPacket(0, "/chat")),
        ('2["foo"]', SocketIOPacket(2, "/", ["foo"])),
        ('2/admin,12["a, b"]', SocketIOPacket(2, "/admin", ["a, b"], 12)),
        ('4/admin,{"message":"x"}', SocketIOPacket(4, "/admin", {"message": "x"})),
        ("1/admin,", SocketIOPacket(1, "/admin")),
        ("313[]", SocketIOPacket(3, "/", [], 13)),
        (
            '2["a",{"_placeholder":true,"num":0}]',
            SocketIOPacket(2, "/", ["a", {"_placeholder": True, "num": 0}]),
        ),
    ],
)
def test_text_packets(text, packet):
    parser = SocketIOParser()
    assert parser.feed_eio_message(text, False) == [packet]
    assert parser.protocol_error is None


@pytest.mark.parametrize(
    "text",
    [
        "", "7", "x", "2", "2{}", "2[]", "2[null]", "2[true]", "2/chat", "0[]", "1{}", "3[]",
        "31{}", "2[1", "5[1]", "51-", "2" + "[" * 100_000, "2" + "9" * 30 + '["a"]', '511-["a"]',
        "4",
    ],
)  # fmt: skip
def test_malformed_text(text):
    parser = SocketIOParser()
    assert parser.feed_eio_message(text, False) == []
    assert parser.protocol_error
    assert parser.feed_eio_message('2["fine"]', False)[0].data == ["fine"]
    assert parser.protocol_error is None


def test_unexpected_attachments():
    parser = SocketIOParser()
    assert parser.feed_eio_message(b"x", True) == []
    assert parser.protocol_error
    parser.feed_eio_message('51-["a",{"_placeholder":true,"num":0}]', False)
    assert parser.feed_eio_message('2["b"]', False) == []
    assert parser.protocol_error
    parser.feed_eio_message('51-["a",{"_placeholder":true,"num":1}]', False)
    assert parser.feed_eio_message(b"x", True) == []
    assert parser.protocol_error


def random_value(rng, depth=0):
    kind = rng.randrange(8 if depth < 3 else 6)
    if kind < 6:
        return (None, True, rng.randint(-9, 9), "ü" * rng.randint(0, 3), rng.randbytes(2), 0.5)[
            kind
        ]
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {str(i): random_value(rng, depth + 1) for i in range(rng.randint(0, 3))}


def test_random_events_round_trip():
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    for _ in range(300):
        data = ["event", *(random_value(rng) for _ in range(rng.randint(0, 3)))]
        packet_id = rng.choice([None, 0, 17])
        text, attachments = encode_packet_to_eio(SocketIOPacket(2, "/n", data, packet_id))
        if len(attachments) > 10:
            continue
        parser = SocketIOParser()
        out = parser.feed_eio_message(text, False)
        for attachment in attachments:
            assert out == []
            out = parser.feed_eio_message(attachment, True)
        (packet,) = out
        assert (packet.data, packet.id, packet.namespace) == (data, packet_id, "/n")
        assert packet.is_binary() == bool(attachments)


def test_query_helper():
    assert utils.parse_query({"query_string": b"a=1&a=2&b="}) == {"a": "1", "b": ""}
    assert utils.parse_query({}) == {}


def test_custom_engineio_application_is_refused():
    with pytest.raises(RuntimeError, match="natively"):
        app.set_engineio_app(app.EngineIOApplication())
    app.set_engineio_app(get_socketio_server())
    assert app.get_engineio_app() is get_socketio_server()


async def test_sessions_belong_to_the_native_engine():
    for call in (session.create_session(), session.get_session("x"), session.destroy_session("x")):
        with pytest.raises(RuntimeError, match="native engine"):
            await call


def test_constants_have_their_defaults():
    assert constants.PING_TIMEOUT_MS == 20000
    with pytest.raises(AttributeError):
        _ = constants.NOTHING


IMPORTS = """
import logging, sys
records = []
class Keep(logging.Handler):
    def emit(self, record):
        records.append(record)
logging.getLogger("sio").addHandler(Keep())
logging.getLogger("sio").setLevel(logging.INFO)
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"channels", "django"}:
            raise ImportError(name)
sys.meta_path.insert(0, Forbidden())

from sio import SocketIOConsumer, __version__
from sio.consumer import Ack
from sio.socketio import (NamespaceSocket, Namespace, SocketIOServer, SocketIOPacket,
    SocketIOParser, get_socketio_server, DEFAULT_NAMESPACE, SOCKET_IO_VERSION)
from sio.socketio import server, socket, protocol, constants
from sio.engineio import LongPollingConsumer, EngineIOWebSocketConsumer
from sio.engineio.app import (EngineIOApplication, EngineIOSocket, set_engineio_app,
    get_engineio_app)
from sio.engineio import session, constants, packets, utils
import sio, sio.dispatcher, sio.encoding
assert sio.autodiscover() == []
try:
    sio.encoding.default(object())
except TypeError as error:
    assert "object" in str(error)
lines = {r.getMessage(): r for r in records}
assert lines["sio root package imported"].version == __version__
assert lines["sio root package imported"].socketio_version == 5
assert lines["sio root package imported"].name == "sio.sio"
assert lines["engineio package imported"].name == "sio.engineio"
assert lines["socketio package imported"].name == "sio.socketio"
"""


def test_every_import_path_without_django_and_channels():
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
