"""Polling sessions with raw requests: which of them end the session, and which do not."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable

import pytest
from support.engineio import (
    PollingSession,
    SessionEnded,
    WebSocketSession,
    connect_packet,
    event_packet,
    waiting_poll,
)
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects
from support.websocket_frames import TEXT, RawWebSocket, frame

StartServer = Callable[..., ServerProcess]

BAD_REQUEST = {"code": 3, "message": "Bad request"}
UNKNOWN_SID = {"code": 1, "message": "Session ID unknown"}


async def joined(server: ServerProcess) -> tuple[PollingSession, str]:
    """A session that is connected to "/", and the key of its notes."""
    session, key = PollingSession(server.url), str(uuid.uuid4())
    await session.open()
    await session.join_namespace(auth={"key": key})
    return session, key


async def assert_ended(session: PollingSession) -> None:
    response = await session.get()
    assert response.status_code == 400
    assert response.json() == UNKNOWN_SID


async def assert_server_goes_on(server: ServerProcess) -> None:
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        assert await session.call("reply", "fine") == ["fine"]


async def test_several_packets_in_one_payload(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.send(connect_packet(), connect_packet("/chat"), connect_packet("/functions"))
        answers = [await session.next_message() for _ in range(3)]
        assert [str(answer).partition("{")[0] for answer in answers] == [
            "40",
            "40/chat,",
            "40/functions,",
        ]
        await session.send(*(event_packet("echo", number) for number in range(100)))
        heard = [await session.next_event() for _ in range(100)]
        assert heard == [["echo", number] for number in range(100)]


async def test_queued_packets_come_with_one_poll(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.send(
            *(event_packet("echo", number) for number in range(5)), "420" + '["quiet"]'
        )
        packets: list[str] = []
        while "430[]" not in packets:
            packets += await session.poll()
        assert packets == [f'42["echo",{number}]' for number in range(5)] + ["430[]"]


async def burst_over_polling(server: ServerProcess, count: int) -> list[int]:
    """How many packets each response had that such a burst of events came with."""
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        await session.send(event_packet("burst", count, 0), '420["reply"]')
        packets: list[str] = []
        sizes: list[int] = []
        while "430[]" not in packets:
            response = await session.poll()
            sizes.append(len(response))
            packets += response
        assert packets == [f'42["burst",{number}]' for number in range(count)] + ["430[]"]
    return sizes


async def test_a_long_queue_comes_with_several_polls(socketio_server: ServerProcess) -> None:
    assert max(await burst_over_polling(socketio_server, 100)) == 16


async def test_polling_responses_without_a_limit(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-max-packets-per-poll", "0", cwd=APPS)
    assert max(await burst_over_polling(server, 100)) > 16


async def test_binary_is_base64(socketio_server: ServerProcess) -> None:
    first, second = bytes(range(256)), b""
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        header = '452-["echo",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]'
        await session.send(
            header, *("b" + base64.b64encode(part).decode() for part in (first, second))
        )
        assert await session.next_message() == header
        assert await session.next_message() == "b" + base64.b64encode(first).decode()
        assert await session.next_message() == "b"


async def test_attachments_may_arrive_in_another_request(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.send('451-["echo",{"_placeholder":true,"num":0}]')
        await session.send("bAQI=")
        assert await session.next_message() == '451-["echo",{"_placeholder":true,"num":0}]'
        assert await session.next_message() == "bAQI="


async def test_a_second_get_ends_the_session(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    first = await waiting_poll(session)
    second = await session.get()
    assert second.status_code == 400
    assert second.json() == BAD_REQUEST
    assert (await asyncio.to_thread(first.read_response)).body == b"1"
    await assert_ended(session)
    seen = await asyncio.to_thread(disconnects, socketio_server, key)
    assert seen == [["engineio_concurrent_get", "transport error", []]]
    await assert_server_goes_on(socketio_server)


async def test_a_second_post_ends_the_session(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    with RawConnection(socketio_server.port) as slow:
        slow.get(session.target, "Content-Length: 10", method="POST").send(b'42["qui')

        async def second_is_refused() -> bool:
            # The server may not have received the first one yet.
            response = await session.post('42["quiet"]')
            return response.status_code == 400 and response.json() == BAD_REQUEST

        while not await second_is_refused():
            pass
        response = await asyncio.to_thread(slow.read_response)
        assert response.status == 400
    await assert_ended(session)
    seen = await asyncio.to_thread(disconnects, socketio_server, key)
    assert seen == [["engineio_concurrent_post", "transport error", []]]
    await assert_server_goes_on(socketio_server)


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
async def test_an_oversize_post(chunked: bool, small_payload_server: ServerProcess) -> None:
    session, _ = await joined(small_payload_server)
    with RawConnection(small_payload_server.port) as connection:
        body = event_packet("echo", "x" * 2000).encode()
        if chunked:
            connection.get(session.target, "Transfer-Encoding: chunked", method="POST")
            connection.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        else:
            connection.get(session.target, f"Content-Length: {len(body)}", method="POST")
            connection.send(body)
        response = await asyncio.to_thread(connection.read_response)
        assert response.status == 413
    # The request was not read, and the session is not affected.
    assert await session.call("reply", "fine") == ["fine"]


async def test_a_post_at_the_limit(small_payload_server: ServerProcess) -> None:
    session, _ = await joined(small_payload_server)
    packet = event_packet("echo", "x" * (1000 - len(event_packet("echo", ""))))
    assert len(packet) == 1000
    await session.send(packet)
    assert f'["echo", "{(await session.next_event())[1]}"]' == packet[2:]


async def test_an_oversize_websocket_message(small_payload_server: ServerProcess) -> None:
    async with WebSocketSession(small_payload_server.url) as session:
        await session.join_namespace()
        await session.send(event_packet("echo", "x" * 2000))
        with pytest.raises(SessionEnded, match="1009"):
            await session.next_message()


@pytest.mark.parametrize("packet", ["2", '42["kick",true]'], ids=["the client's fault", "a kick"])
def test_a_websocket_is_closed_without_a_code(socketio_server: ServerProcess, packet: str) -> None:
    with RawWebSocket(socketio_server, "/socket.io/?EIO=4&transport=websocket") as websocket:
        websocket.read_frame()
        websocket.send(frame(TEXT, b"40"))
        websocket.read_frame()
        _, closing = websocket.send(frame(TEXT, packet.encode())).read_to_close()
    assert closing.payload == b""


MALFORMED = {
    "empty body": "",
    "empty packet": "\x1e42[]",
    "unknown Engine.IO type": "9",
    "open from the client": "0{}",
    "message without a packet": "4",
    "unknown Socket.IO type": "47",
    "not JSON": "42[",
    "a number beyond a double": '42["quiet",1e400]',
    "a negative number beyond a double": '42["quiet",-1e400]',
    "an integer beyond a double": '42["quiet",' + "9" * 400 + "]",
    "not an array": '42{"a":1}',
    "empty array": "42[]",
    "event name is an object": "42[{}]",
    "event name is null": "42[null]",
    "reserved event": '42["disconnect"]',
    "reserved listener event": '42["newListener"]',
    "acknowledgement is no array": '430{"a":1}',
    "trailing garbage": '42["quiet"]x',
    "attachments without a number": '45["quiet"]',
    "too many attachments": '4511-["quiet"]',
    "an absurd number of attachments": '4599999999999999999999-["quiet"]',
    "text instead of an attachment": '451-["quiet",{"_placeholder":true,"num":0}]\x1e42["quiet"]',
    "placeholder out of range": '451-["quiet",{"_placeholder":true,"num":7}]\x1ebAA==',
    "placeholder not a number": '451-["quiet",{"_placeholder":true,"num":"splice"}]\x1ebAA==',
    "binary that was not announced": "bAA==",
    "not base64": '451-["quiet",{"_placeholder":true,"num":0}]\x1eb????',
    "too deep": '42["quiet",' + "[" * 1000 + "]" * 1000 + "]",
    "an endless event name": '42["' + "x" * 100_000 + '"]',
    "an endless acknowledgement id": "42" + "9" * 100 + '["quiet"]',
    "invalid UTF-8": b'42["quiet","\xff"]',
}
NO_ENGINE_PACKETS = (
    "empty body",
    "empty packet",
    "unknown Engine.IO type",
    "open from the client",
    "not base64",
)
VIOLATIONS = {
    "second CONNECT": "40",
    "CONNECT_ERROR from the client": '44{"message":"no"}',
    "namespace not joined": '42/chat,["echo"]',
    "unknown namespace not joined": '42/nowhere,["echo"]',
    "ping from the client": "2",
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_packet_ends_the_session(
    what: str, socketio_server: ServerProcess
) -> None:
    session, key = await joined(socketio_server)
    await session.post(MALFORMED[what])
    [[reason, reference, _]] = await asyncio.to_thread(disconnects, socketio_server, key)
    assert reason == "engineio_bad_packet"
    assert reference == ("parse error" if what in NO_ENGINE_PACKETS else "forced close")
    await assert_server_goes_on(socketio_server)


@pytest.mark.parametrize("body", [*VIOLATIONS.values()], ids=[*VIOLATIONS])
async def test_an_unexpected_packet_ends_the_session(
    body: str, socketio_server: ServerProcess
) -> None:
    session, key = await joined(socketio_server)
    await session.post(body)
    assert len(await asyncio.to_thread(disconnects, socketio_server, key)) == 1
    await assert_server_goes_on(socketio_server)


@pytest.mark.parametrize("body", ['42["quiet"]', "41", "430[]"])
async def test_packets_before_connect_end_the_session(
    body: str, socketio_server: ServerProcess
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.post(body)
        assert await session.receive() == "1"
        await assert_ended(session)


@pytest.mark.parametrize(
    "packet", ["42[]", "9", "", "2", b"\x00", '42["disconnect"]', "44{}", "47"]
)
async def test_a_malformed_packet_on_a_websocket(
    packet: str | bytes, socketio_server: ServerProcess
) -> None:
    async with WebSocketSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.send(packet)
        with pytest.raises(SessionEnded):
            await session.next_message()
    await assert_server_goes_on(socketio_server)


async def test_an_aborted_poll_ends_the_session(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    poll = await waiting_poll(session)
    poll.close_abruptly()
    [[reason, reference, _]] = await asyncio.to_thread(disconnects, socketio_server, key)
    assert (reason, reference) == ("engineio_polling_disconnect", "transport error")
    await assert_ended(session)


async def test_an_aborted_post_ends_the_session(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    with RawConnection(socketio_server.port) as connection:
        # The server reads the body when it sends "100 Continue".
        connection.get(session.target, "Content-Length: 100", "Expect: 100-continue", method="POST")
        assert (await asyncio.to_thread(connection.read_response)).status == 100
        connection.send(b"42[").close_abruptly()
    [[reason, reference, _]] = await asyncio.to_thread(disconnects, socketio_server, key)
    assert (reason, reference) == ("engineio_polling_disconnect", "transport error")
    await assert_ended(session)


async def test_a_close_comes_after_queued_packets(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    await session.emit("kick", True)
    await asyncio.to_thread(disconnects, socketio_server, key)
    assert await session.poll() == ['42["last words"]', "41"]
    assert await session.poll() == ["1"]
    await assert_ended(session)


async def test_a_close_packet_lets_the_poll_return(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    poll = await waiting_poll(session)
    posted = await session.post("1")
    assert (posted.status_code, posted.text) == (200, "ok")
    assert (await asyncio.to_thread(poll.read_response)).body == b"6"
    seen = await asyncio.to_thread(disconnects, socketio_server, key)
    assert seen == [["engineio_client_close", "transport close", []]]
    await assert_ended(session)


async def test_the_connection_stays_without_a_namespace(socketio_server: ServerProcess) -> None:
    session, key = await joined(socketio_server)
    await session.send("41")
    assert len(await asyncio.to_thread(disconnects, socketio_server, key)) == 1
    await session.join_namespace("/chat")
    await session.join_namespace(auth={"key": key})


async def test_namespaces_may_have_a_query(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.send("40/chat?token=abc,")
        assert str(await session.next_message()).startswith("40/chat,{")


async def test_pipelined_requests_of_one_client(socketio_server: ServerProcess) -> None:
    session, _ = await joined(socketio_server)
    body = event_packet("reply", 1, ack=5)
    with RawConnection(socketio_server.port) as connection:
        connection.get(session.target, f"Content-Length: {len(body)}", method="POST")
        connection.send(body.encode()).get(session.target)
        assert (await asyncio.to_thread(connection.read_response)).body == b"ok"
        assert (await asyncio.to_thread(connection.read_response)).body == b"435[1]"


async def test_a_client_without_a_session_leaves_nothing_behind(
    socketio_server: ServerProcess,
) -> None:
    """A thousand handshakes without further requests need little memory."""
    before = socketio_server.memory()
    with RawConnection(socketio_server.port) as connection:
        for _ in range(1000):
            connection.get("/socket.io/?EIO=4&transport=polling")
            assert connection.read_response().status == 200
    assert socketio_server.memory() - before < 20_000_000
