"""TLS between the servers of a cluster (--cluster-tls-cert)."""

from __future__ import annotations

import asyncio
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from support.certificates import Authority, Issued
from support.clients_in_turn import check_clients_in_turn
from support.cluster import APPS, start_member
from support.engineio import PollingSession, event_packet
from support.redis_server import RedisServer
from support.server import ServerProcess, environment, executable
from support.waiting import eventually_async
from support.wandering import WanderingSession

LISTEN = ("--cluster-listen", "127.0.0.1:0", "--cluster-secret", "a secret of these tests")
UNKNOWN = {"code": 1, "message": "Session ID unknown"}

HAS_NO_TLS = r"it does not use TLS, and this server does \(--cluster-tls-cert\): wrong version"
HAS_TLS = r"it uses TLS \(--cluster-tls-cert\), and this server does not"
NOT_ACCEPTED = "its certificate is not accepted: "
REFUSES = "it refuses the certificate or the TLS of this server: .*"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"), "Other Authority")


def tls(issued: Issued, authority: Authority) -> tuple[str, ...]:
    return (
        *("--cluster-tls-cert", str(issued.certificate), "--cluster-tls-key", str(issued.key)),
        *("--cluster-tls-ca", str(authority.certificate)),
    )


def start(redis: RedisServer, *arguments: str) -> ServerProcess:
    return start_member(redis.url, *LISTEN, *arguments)


def cluster_port(server: ServerProcess) -> int:
    return int(server.wait_for_log(r"reach this one at 127\.0\.0\.1:(\d+)")[1])


@pytest.fixture(scope="module", params=["one process", "workers"])
def pair(
    request: pytest.FixtureRequest, redis_server: RedisServer, authority: Authority
) -> Iterator[list[ServerProcess]]:
    options = ["--workers", "2"] if request.param == "workers" else []
    # The names of the certificates are not those of the hosts.
    issued = [authority.issue(name) for name in ("first.example", "second.example")]
    started = [start(redis_server, *tls(one, authority), *options) for one in issued]
    yield started
    for server in started:
        server.stop()


@pytest.fixture
def owner(redis_server: RedisServer, authority: Authority) -> Iterator[ServerProcess]:
    """For one test, with its log."""
    server = start(redis_server, *tls(authority.issue("owner.example"), authority))
    yield server
    server.stop()


async def works(*servers: ServerProcess) -> None:
    async with WanderingSession(*servers) as session:
        id = await session.join_namespace()
        await session.emit("do", {"what": "emit", "to": id}, "é" * 100_000, [1, {"a": None}], ack=5)
        assert await session.next_event() == ["é" * 100_000, [1, {"a": None}]]
        assert await session.next_message() == "435[null]"


async def test_polling_reaches_the_session_through_another_server(
    pair: list[ServerProcess],
) -> None:
    await works(*pair)
    await works(*reversed(pair))


async def test_an_upgrade_through_another_server(pair: list[ServerProcess]) -> None:
    async with WanderingSession(*pair) as session:
        await session.join_namespace()
        websocket = await session.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        assert await session.poll() == ["6"]
        await websocket.send("5")
        await websocket.send(event_packet("do", {"what": "emit"}, "big", "x" * 900_000, ack=1))
        received = [await websocket.recv(), await websocket.recv()]
        assert {len(one) for one in received} == {len('42["big",""]') + 900_000, len("431[null]")}
        await websocket.close()


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]], ids="-".join)
async def test_clients_whose_connections_go_to_the_servers_in_turn(
    pair: list[ServerProcess], transports: list[str]
) -> None:
    await check_clients_in_turn(pair, transports)


async def refused(owner: ServerProcess, other: ServerProcess, at_other: str, at_owner: str) -> None:
    """Until both have logged why requests for sessions of `owner` are not forwarded by `other`."""
    at_owner = rf"The inner connection from 127\.0\.0\.1 is lost: {at_owner}"
    at_other = (
        rf"The inner connection to the server at 127\.0\.0\.1:{cluster_port(owner)} is lost: "
        + at_other
    )
    async with PollingSession(owner.url) as session, httpx.AsyncClient(base_url=other.url) as http:

        async def is_logged() -> bool:
            assert (await http.get(session.target)).json() == UNKNOWN
            return bool(re.search(at_other, other.log) and re.search(at_owner, owner.log))

        await eventually_async(is_logged)
        # The session itself goes on.
        await session.join_namespace()
        assert await session.call("do", {"what": "emit", "to": "nobody"}, "x") == [None]


async def test_a_server_without_tls_and_one_with_it_say_so(
    pair: list[ServerProcess], owner: ServerProcess, redis_server: RedisServer
) -> None:
    plain = start(redis_server)
    try:
        await refused(owner, plain, HAS_TLS, HAS_NO_TLS)
        await refused(plain, owner, HAS_NO_TLS, HAS_TLS)
        await works(*pair)
        # Each line is there once, however many requests there were.
        line = "The inner connection from 127.0.0.1 is lost: it does not use TLS"
        assert owner.log.count(line) == 1
    finally:
        plain.stop()


async def test_a_certificate_of_another_authority_is_refused(
    owner: ServerProcess,
    redis_server: RedisServer,
    authority: Authority,
    other_authority: Authority,
) -> None:
    issued = other_authority.issue("stranger.example")
    trusting = start(redis_server, *tls(issued, authority))
    stranger = start(redis_server, *tls(issued, other_authority))
    try:
        await refused(owner, trusting, f"{REFUSES}unknown ca", f"{NOT_ACCEPTED}.*certificate")
        await refused(owner, stranger, f"{NOT_ACCEPTED}.*certificate", f"{REFUSES}unknown ca")
        await refused(trusting, owner, f"{NOT_ACCEPTED}.*certificate", f"{REFUSES}unknown ca")
    finally:
        trusting.stop()
        stranger.stop()


async def test_an_expired_certificate_is_refused_until_it_is_renewed(
    pair: list[ServerProcess],
    owner: ServerProcess,
    redis_server: RedisServer,
    authority: Authority,
) -> None:
    issued = authority.issue_expired("expired.example")
    other = start(redis_server, *tls(issued, authority))
    try:
        expired = f"{NOT_ACCEPTED}certificate has expired"
        await refused(owner, other, f"{REFUSES}certificate expired", expired)
        await refused(other, owner, expired, f"{REFUSES}certificate expired")
        await works(*pair)
        renewed = authority.issue("renewed.example")
        shutil.copy(renewed.key, issued.key)
        shutil.copy(renewed.certificate, issued.certificate)
        other.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(
            other.wait_for_log,
            "The certificates of --cluster-tls-cert and --cluster-tls-ca have been reloaded",
        )
        await works(owner, other)
        await works(other, owner)
    finally:
        other.stop()


async def test_clients_that_are_no_server_are_refused(
    owner: ServerProcess, authority: Authority
) -> None:
    port = cluster_port(owner)

    async def answer_to(sent: bytes, context: ssl.SSLContext | None = None) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 30)
        except (ssl.SSLError, ConnectionError):
            return b""
        finally:
            writer.close()

    alert = b"\x15\x03\x01\x00\x02\x02\x46"
    for sent in (b"\0\0\0\x29\0\0\0\0\x01", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 5_000):
        assert await answer_to(sent) == alert
    await answer_to(b"\x16\x03\x01\x02\x00\x01" + b"\0" * 600)  # a broken ClientHello
    await answer_to(b"\x16\x03\x01")  # the beginning of one, then nothing
    await asyncio.to_thread(owner.wait_for_log, "the TLS handshake took too long")
    without = authority.client_context()
    assert await answer_to(b"", without) == b""
    await asyncio.to_thread(owner.wait_for_log, "peer did not return a certificate")
    member = authority.client_context(authority.issue("member.example"))
    assert await answer_to(b"GET / HTTP/1.1\r\n\r\n", member) == b""
    await asyncio.to_thread(owner.wait_for_log, "does not speak the protocol of --cluster-listen")
    async with PollingSession(owner.url) as session:
        await session.join_namespace()


def test_a_file_that_cannot_be_used_ends_the_start(
    tmp_path: pathlib.Path, authority: Authority
) -> None:
    own, another = authority.issue("own.example"), authority.issue("another.example")
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("")
    for certificate, key, authorities, reason in (
        (missing, own.key, authority.certificate, f"cannot read {missing}: No such file"),
        (own.certificate, missing, authority.certificate, f"cannot read {missing}: No such file"),
        (own.certificate, own.key, missing, f"cannot read {missing}: No such file"),
        (own.certificate, own.certificate, authority.certificate, "has no private key (PEM)"),
        (
            own.certificate,
            another.key,
            authority.certificate,
            f"{another.key} does not belong to the certificate {own.certificate}",
        ),
        (own.certificate, own.key, empty, "the file of certificate authorities has no certificate"),
    ):
        files = Issued(certificate, key)
        command = [executable(), "member:application", "--port=0", "--redis=redis://127.0.0.1:1"]
        command += [*LISTEN, *tls(files, authority)[:-1], str(authorities)]
        done = subprocess.run(
            command, cwd=APPS, env=environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 3
        assert f"--cluster-tls-cert: {reason}" in done.stderr or reason in done.stderr
        assert "--cluster-tls-cert: " in done.stderr
        assert "Traceback" not in done.stderr
