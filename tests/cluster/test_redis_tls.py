"""Servers and emitters that use Redis with TLS (rediss://)."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import redis
import sio
from support.certificates import Authority
from support.cluster import APPS, connected, start_member, until_reached
from support.redis_server import RedisServer
from support.server import ServerProcess, environment, executable


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("my authority+"))


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"), "Other Authority")


def tls_redis(folder: pathlib.Path, authority: Authority, clients: str = "no") -> RedisServer:
    issued = authority.issue()
    server = RedisServer(
        folder,
        *("--tls-cert-file", str(issued.certificate), "--tls-key-file", str(issued.key)),
        *("--tls-ca-cert-file", str(authority.certificate), "--tls-auth-clients", clients),
        *("--requirepass", "the-password"),
        tls=True,
    )
    return server.start()


@pytest.fixture
def redis_server(tmp_path: pathlib.Path, authority: Authority) -> Iterator[RedisServer]:
    """For one test, which may kill it and start it again."""
    server = tls_redis(tmp_path, authority)
    yield server
    if server.process.poll() is None:
        server.stop()


def url_of(server: RedisServer, host: str = "127.0.0.1", **options: object) -> str:
    """With the options of redis-py."""
    query = "&".join(f"{name}={quote(str(value), safe='/')}" for name, value in options.items())
    return f"rediss://:the-password@{host}:{server.port}/0?{query}"


def start_server(url: str) -> ServerProcess:
    return ServerProcess("member:application", "--redis", url, cwd=APPS).start()


async def test_events_cross(redis_server: RedisServer, authority: Authority) -> None:
    trusted = {"ssl_ca_certs": authority.certificate}
    # The certificate is for the name and for the address.
    first = start_member(url_of(redis_server, "localhost", **trusted))
    second = start_member(url_of(redis_server, "127.0.0.1", ssl_cert_reqs="required", **trusted))
    try:
        async with (
            connected(first.url, rooms=["r"]) as here,
            connected(second.url, rooms=["r"]) as there,
        ):
            await until_reached(here, there, "r")
            await here.do("emit", "hi", "x" * 300_000, to="r")
            assert await there.next() == ("hi", "x" * 300_000)
            await there.do("emit", "back", to="r")
            while await here.next() != ("back",):
                pass
    finally:
        first.stop()
        second.stop()


async def test_events_cross_again_after_redis_was_restarted(
    redis_server: RedisServer, authority: Authority
) -> None:
    url = url_of(redis_server, ssl_ca_certs=authority.certificate)
    servers = [start_member(url), start_member(url)]
    try:
        async with (
            connected(servers[0].url, rooms=["r"]) as here,
            connected(servers[1].url, rooms=["r"]) as there,
        ):
            await until_reached(here, there, "r")
            redis_server.kill()
            for server in servers:
                server.wait_for_log(r"Redis at rediss://127\.0\.0\.1:\d+ is away")
            redis_server.start()
            for server in servers:
                server.wait_for_log(r"Redis at rediss://127\.0\.0\.1:\d+ is back")
            await until_reached(here, there, "r")
    finally:
        for server in servers:
            server.stop()


@pytest.mark.parametrize("trusted", ["another authority", "the system"])
def test_a_redis_that_is_not_trusted_is_refused(
    redis_server: RedisServer, other_authority: Authority, trusted: str
) -> None:
    options = {"ssl_ca_certs": other_authority.certificate} if trusted != "the system" else {}
    url = url_of(redis_server, **options)
    server = start_server(url)
    try:
        server.wait_for_log(
            r"Redis at rediss://127\.0\.0\.1:\d+ is not reachable \(\w+\): TLS has failed: "
            r"certificate verify failed: self-signed certificate in certificate chain"
        )
        assert "the-password" not in server.log
    finally:
        server.stop()
    # The emitter means the same.
    with pytest.raises(sio.PublishError, match="CERTIFICATE_VERIFY_FAILED"):
        sio.RedisEmitter(url).emit("hi")


async def test_any_certificate_is_accepted_if_the_url_says_so(redis_server: RedisServer) -> None:
    url = url_of(redis_server, ssl_cert_reqs="none")
    server = start_member(url)
    try:
        async with connected(server.url) as client:
            sio.RedisEmitter(url).emit("from the emitter")
            assert await client.next() == ("from the emitter",)
    finally:
        server.stop()


async def test_redis_may_ask_for_a_certificate(
    tmp_path: pathlib.Path, authority: Authority
) -> None:
    redis_server = tls_redis(tmp_path, authority, "yes")
    own = authority.issue("sioserve")
    both = tmp_path / "both.pem"
    both.write_text(own.pem + own.key.read_text())
    trusted = {"ssl_ca_certs": authority.certificate}
    url = url_of(redis_server, **trusted, ssl_certfile=own.certificate, ssl_keyfile=own.key)
    server = start_member(url)
    refused = start_server(url_of(redis_server, **trusted))
    try:
        # Redis may reset the connection first, before the server has read why.
        refused.wait_for_log(r"TLS has failed: .*certificate required")
        async with connected(server.url) as client:
            for same in (url, url_of(redis_server, **trusted, ssl_certfile=both)):
                sio.RedisEmitter(same).emit("from the emitter")
                assert await client.next() == ("from the emitter",)
        with pytest.raises(sio.PublishError):
            await sio.RedisEmitter(url_of(redis_server, **trusted)).emit("refused")
    finally:
        server.stop()
        refused.stop()
        redis_server.stop()


async def test_an_emitter_reaches_servers_with_several_processes(
    redis_server: RedisServer, authority: Authority
) -> None:
    url = url_of(redis_server, ssl_ca_certs=authority.certificate)
    server = start_member(url, "--workers", "2")
    try:
        async with connected(server.url) as client:
            sio.RedisEmitter(url).emit("hi")
            assert await client.next() == ("hi",)
    finally:
        server.stop()


def test_the_url_works_with_redis_py(redis_server: RedisServer, authority: Authority) -> None:
    with redis.Redis.from_url(url_of(redis_server, ssl_ca_certs=authority.certificate)) as client:
        assert client.ping()


def test_a_file_that_cannot_be_used_ends_the_start(
    tmp_path: pathlib.Path, authority: Authority
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    missing = tmp_path / "missing.pem"
    own = authority.issue("sioserve")
    for options, reason in (
        (f"ssl_ca_certs={missing}", f"redis_url: cannot read {missing}: No such file or directory"),
        (f"ssl_ca_certs={empty}", f"redis_url: {empty} has no certificate (PEM)"),
        (f"ssl_certfile={missing}", f"redis_url: cannot read {missing}: No such file or directory"),
        (
            f"ssl_certfile={quote(str(own.certificate))}",
            f"redis_url: {own.certificate} has no private key (PEM)",
        ),
    ):
        url = f"rediss://:the-password@127.0.0.1:1?{options}"
        code, log = run_server(url)
        assert code == 3
        assert reason in log
        assert "Traceback" not in log
        assert "the-password" not in log


def run_server(url: str) -> tuple[int, str]:
    """For a server that does not start: its exit code, and what it has logged."""
    command = [executable(), "member:application", "--port", "0", "--redis", url]
    done = subprocess.run(
        command, cwd=APPS, env=environment(), capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr
