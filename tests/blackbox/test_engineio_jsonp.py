"""JSONP polling: responses are scripts, posts are forms; which pages may use it."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.raw_http import RawConnection, Response
from support.server import ServerProcess
from support.socketio_apps import APPS

PAGE = "http://localhost:8000/chat?room=1"
FORM = {"content-type": "application/x-www-form-urlencoded"}
MAX_PAYLOAD = 2_000
VERSIONS = ["3", "4"]
SEPARATOR = "\x1e"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    env = {"SIO_SETTINGS": json.dumps({"SIO_ENGINEIO_MAX_PAYLOAD_BYTES": MAX_PAYLOAD})}
    started = ServerProcess(
        "configured:application", "--socketio-allow-eio3", cwd=APPS, env=env
    ).start()
    yield started
    started.stop()


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    headers = {"referer": PAGE}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


def unwrap(answer: httpx.Response, callback: str = "0") -> str:
    """The body in the script; asserts that the script only calls the callback."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=UTF-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    call = re.fullmatch(r"___eio\[(\d*)\]\((\".*\")\);", answer.text)
    assert call, answer.text
    assert call[1] == callback
    return str(json.loads(call[2]))


def split(body: str, version: str) -> list[str]:
    if version == "4":
        return body.split(SEPARATOR)
    packets = []
    while body:
        length, body = body.split(":", 1)
        units = body.encode("utf-16-le")
        packets.append(units[: 2 * int(length)].decode("utf-16-le"))
        body = units[2 * int(length) :].decode("utf-16-le")
    return packets


def join(packets: list[str], version: str) -> str:
    if version == "4":
        return SEPARATOR.join(packets)
    return "".join(f"{len(packet.encode('utf-16-le')) // 2}:{packet}" for packet in packets)


def form(body: str) -> bytes:
    """The body as clients encode it in the form's field."""
    escaped = body.replace("\\n", "\\\n").replace("\n", "\\n")
    return urllib.parse.urlencode({"d": escaped}).encode()


class JsonpSession:
    """A session over scripts and forms, in the default namespace."""

    def __init__(self, http: httpx.Client, version: str, callback: str = "0") -> None:
        self.http, self.version, self.callback = http, version, callback
        self.query = f"EIO={version}&transport=polling&j={callback}"
        (packet,) = split(unwrap(self.get(), callback), version)
        assert packet[0] == "0"
        self.query += "&sid=" + json.loads(packet[1:])["sid"]
        if version == "4":
            self.send("40")
        assert self.poll()[0].startswith("40")

    def get(self) -> httpx.Response:
        return self.http.get("/socket.io/?" + self.query)

    def poll(self) -> list[str]:
        return split(unwrap(self.get(), self.callback), self.version)

    def post(self, body: bytes) -> httpx.Response:
        return self.http.post("/socket.io/?" + self.query, content=body, headers=FORM)

    def send(self, *packets: str) -> None:
        answer = self.post(form(join(list(packets), self.version)))
        assert (answer.status_code, answer.text) == (200, "ok")
        assert answer.headers["content-type"] == "text/html"


@pytest.fixture(params=VERSIONS)
def session(http: httpx.Client, request: pytest.FixtureRequest) -> JsonpSession:
    return JsonpSession(http, request.param, "17")


def test_packets_are_sent_and_received(session: JsonpSession) -> None:
    session.send('42["echo","one"]', '42["echo","two & 2 + 2 = 4 %41"]')
    received = session.poll()
    if len(received) < 2:  # the acknowledgements of the handlers need not arrive together
        received += session.poll()
    assert received == ['42["echo","one"]', '42["echo","two & 2 + 2 = 4 %41"]']


TRICKY = 'line\nfeed, backslash \\ and n: \\n \\\\n, "quotes", \r\t\0, \u2028\u2029, </script>, 😀ä'


def test_every_character_is_transmitted(session: JsonpSession) -> None:
    event = json.dumps(["echo", TRICKY], ensure_ascii=False)
    session.send("42" + event)
    answer = session.get()
    assert not set("\u2028\u2029\n\r") & set(answer.text)
    (packet,) = split(unwrap(answer, "17"), session.version)
    assert json.loads(packet[2:]) == ["echo", TRICKY]


def test_binary_is_base64(session: JsonpSession) -> None:
    mark = {"3": "b4", "4": "b"}[session.version]
    data = mark + base64.b64encode(bytes(range(256))).decode()
    event = '451-["echo",{"_placeholder":true,"num":0}]'
    session.send(event, data)
    assert session.poll() == [event, data]


def test_only_digits_of_the_callback_are_in_the_response(http: httpx.Client) -> None:
    hostile = urllib.parse.quote("</script>1]);alert(2);//\u2028x3")
    answer = http.get(f"/socket.io/?EIO=4&transport=polling&j={hostile}")
    unwrap(answer, "123")
    assert "alert" not in answer.text


def test_a_session_uses_jsonp_if_its_handshake_did(http: httpx.Client) -> None:
    # A later request of the session can't change the format of responses.
    plain = http.get("/socket.io/?EIO=4&transport=polling")
    sid = json.loads(plain.text[1:])["sid"]
    query = f"/socket.io/?EIO=4&transport=polling&sid={sid}&j=1"
    assert http.post(query, content="40").text == "ok"
    answer = http.get(query)
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.text.startswith("40{")


def test_errors_are_those_of_other_requests(http: httpx.Client) -> None:
    refused = http.get("/socket.io/?EIO=4&transport=polling&j=0&sid=nobody")
    assert (refused.status_code, refused.json()["code"]) == (400, 1)
    assert refused.headers["content-type"] == "application/json"


def test_a_form_without_data_has_no_packets(session: JsonpSession) -> None:
    for body in (b"", b"e=1", b"4hi"):
        assert session.post(body).text == "ok"
    session.send('42["echo",1]')
    assert session.poll() == ['42["echo",1]']


@pytest.mark.parametrize("data", ["", "x", "9999:4hi"])
def test_a_form_with_a_malformed_body_ends_the_session(session: JsonpSession, data: str) -> None:
    refused = session.post(b"d=" + data.encode())
    assert (refused.status_code, refused.json()["code"]) == (400, 3)
    assert session.get().json()["code"] == 1


def test_the_limit_is_for_the_encoded_form(session: JsonpSession) -> None:
    # 1,200 bytes of a message are 3,600 in the form.
    event = '42["echo","' + "ä" * 600 + '"]'
    body = form(join([event], session.version))
    assert len(event.encode()) < MAX_PAYLOAD < len(body)
    assert session.post(body).status_code == 413
    session.send('42["echo","' + "x" * (MAX_PAYLOAD - 100) + '"]')
    assert len(session.poll()[0]) > MAX_PAYLOAD - 100


def test_a_long_response_is_compressed(session: JsonpSession) -> None:
    session.send('42["echo","' + "x" * 1_200 + '"]')
    answer = session.get()
    assert answer.headers["content-encoding"] == "gzip"
    assert split(unwrap(answer, "17"), session.version) == ['42["echo","' + "x" * 1_200 + '"]']


def handshake(server: ServerProcess, *headers: str) -> Response:
    with RawConnection(server.port) as connection:
        return connection.get("/socket.io/?EIO=4&transport=polling&j=0", *headers).read_response()


def test_a_page_must_send_a_referer(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("native:application", cwd=APPS)
    # A script element sends cookies but no Origin.
    for headers in (
        [],
        ["Referer: https://evil.example/"],
        ["Referer: http://localhost@evil.example/"],
        ["Referer: http://evil.example/http://localhost/"],
        ["Referer: /"],
        [f"Referer: {PAGE}", "Origin: https://evil.example"],
    ):
        refused = handshake(server, *headers)
        assert (refused.status, refused.body) == (403, b'{"code":4,"message":"Forbidden"}'), headers
    for headers in (
        [f"Referer: {PAGE}"],
        ["Referer: http://localhost"],
        ["Origin: http://localhost"],
    ):
        assert handshake(server, *headers).status == 200, headers


def test_pages_of_other_origins_need_cors_with_credentials(
    start_server: Callable[..., ServerProcess],
) -> None:
    allowed, page = "https://page.example", "Referer: https://page.example/chat"
    options = ["--socketio-cors-origins", allowed]
    server = start_server("native:application", *options, cwd=APPS)
    assert handshake(server, page).status == 403
    server = start_server("native:application", *options, "--socketio-cors-credentials", cwd=APPS)
    assert handshake(server, page).status == 200
    assert handshake(server, "Referer: https://evil.example/").status == 403
