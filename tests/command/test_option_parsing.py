"""Options on the command line: what they mean, and what is refused."""

from __future__ import annotations

import os
from typing import Any

import pytest
from sioserve.options import (
    FdEndpoint,
    Options,
    TcpEndpoint,
    UnixEndpoint,
    UsageError,
    resolve,
)

APPLICATION = "project.asgi:application"


def options(line: str) -> Options:
    return resolve([*line.split(), APPLICATION], {})


def settings(line: str) -> dict[str, Any]:
    return dict(options(line).settings)


def refusal(line: str) -> str:
    with pytest.raises(UsageError) as refused:
        options(line)
    return str(refused.value)


@pytest.mark.parametrize(
    ("line", "setting", "value"),
    [
        # daphne
        ("--websocket_timeout 60", "websocket_lifetime_ms", 60_000),
        ("--websocket_timeout -1", "websocket_lifetime_ms", 0),
        ("--websocket_connect_timeout 3", "websocket_connect_timeout_ms", 3000),
        ("-t 7", "application_timeout_ms", 7000),
        ("--http-timeout 7", "application_timeout_ms", 7000),
        ("--ping-interval 5", "websocket_ping_interval_ms", 5000),
        ("--ping-timeout 6", "websocket_ping_timeout_ms", 6000),
        ("--websocket-max-message-size 0", "websocket_max_message", 0),
        ("--websocket-max-frame-size 4096", "websocket_max_frame", 4096),
        ("--root-path /shop", "root_path", "/shop"),
        ("--proxy-headers", "forwarded_headers", True),
        ("--proxy-headers --proxy-headers-host X-Real-IP", "forwarded_for_header", "x-real-ip"),
        ("--proxy-headers --proxy-headers-port X-Port", "forwarded_port_header", "x-port"),
        ("-s shop", "server_header", "shop"),
        ("--server-name shop", "server_header", "shop"),
        ("--no-server-name", "server_header", ""),
        ("--access-log -", "access_log", "stdout"),
        ("--access-log log/access.log", "access_log_path", "log/access.log"),
        ("-v 0", "access_log", "none"),
        ("-v 1", "access_log", "stdout"),
        # uvicorn
        ("--backlog 5", "backlog", 5),
        ("--no-access-log", "access_log", "none"),
        ("--access-log", "access_log", "stdout"),
        ("--no-proxy-headers", "forwarded_headers", False),
        ("--proxy-headers --forwarded-allow-ips a,::1", "trusted_proxies", ("a", "::1")),
        ("--proxy-headers --forwarded-allow-ips *", "trusted_proxies", ("*",)),
        ("--header X-A:1 --header X-B:2", "extra_headers", (("X-A", "1"), ("X-B", "2"))),
        ("--no-server-header", "server_header", ""),
        ("--server-header", "server_header", "sioserve"),
        ("--no-date-header", "date_header", False),
        ("--limit-concurrency 9", "max_concurrency", 9),
        ("--limit-max-requests 9", "max_requests", 9),
        ("--timeout-keep-alive 1.5", "keep_alive_timeout_ms", 1500),
        ("--ws-max-size 77", "websocket_max_message", 77),
        ("--ws-ping-interval 1.5", "websocket_ping_interval_ms", 1500),
        ("--ws-ping-timeout 1.5", "websocket_ping_timeout_ms", 1500),
        ("--ws-per-message-deflate false", "websocket_per_message_deflate", False),
        ("--ws-per-message-deflate True", "websocket_per_message_deflate", True),
        # sioserve
        ("--limit-body 10M", "max_body", 10 * 1024 * 1024),
        ("--timeout-body 0.0001", "body_timeout_ms", 1),
        ("--static /static=build", "static_files", (("/static/", "build"),)),
        ("--static /=build", "static_files", (("/", "build"),)),
        ("--access-log logging", "access_log", "logging"),
        ("--access-log-json", "access_log_json", True),
        ("--proxy-protocol", "proxy_protocol", True),
        ("--socketio-path events/", "socketio_path", "/events"),
        ("--socketio-ping-interval 1", "ping_interval_ms", 1000),
    ],
)
def test_a_setting(line: str, setting: str, value: object) -> None:
    assert settings(line)[setting] == value


@pytest.mark.parametrize(
    ("line", "attribute", "value"),
    [
        ("--app-dir src", "app_dir", "src"),
        ("--factory", "factory", True),
        ("--lifespan off", "lifespan", "off"),
        ("--loop asyncio", "loop", "asyncio"),
        ("--timeout-graceful-shutdown 0.5", "timeout_graceful_shutdown", 0.5),
        ("--application-close-timeout 3", "application_close_timeout", 3.0),
        ("--log-level trace", "log_level", "trace"),
        ("--log-config log.ini", "log_config", "log.ini"),
        ("--reload --reload-dir a --reload-dir b", "reload_dir", ("a", "b")),
        ("", "workers", None),
        ("--pidfile a.pid", "pid", "a.pid"),
        ("--workers 2 --worker-max-rss 1M", "worker_max_rss", 1_048_576),
        ("--workers 2 --limit-max-requests 9", "limit_max_requests", 9),
        ("--workers 1", "workers", 1),
        ("--workers 4", "workers", 4),
        ("--workers auto", "workers", len(os.sched_getaffinity(0))),
    ],
)
def test_options_for_python(line: str, attribute: str, value: object) -> None:
    assert getattr(options(line), attribute) == value


TCP, UNIX, FD = TcpEndpoint, UnixEndpoint, FdEndpoint


@pytest.mark.parametrize(
    ("line", "endpoints"),
    [
        ("", [TCP("127.0.0.1", 8000)]),
        ("-p 81", [TCP("127.0.0.1", 81)]),
        ("-b 0.0.0.0", [TCP("0.0.0.0", 8000)]),
        ("--host localhost --port 81", [TCP("localhost", 81)]),
        ("-b ::1 -b 127.0.0.1 -p 81", [TCP("::1", 81), TCP("127.0.0.1", 81)]),
        ("-b [::1]:81 -b 127.0.0.1:82", [TCP("::1", 81), TCP("127.0.0.1", 82)]),
        ("-p 81 -p 82", [TCP("127.0.0.1", 82)]),
        ("-u /tmp/a.sock", [UNIX("/tmp/a.sock", 0o666)]),
        ("--uds /tmp/a.sock --unix-socket-mode 660", [UNIX("/tmp/a.sock", 0o660)]),
        ("--fd 0", [FD(0)]),
        ("--fd 0 -p 81", [TCP("127.0.0.1", 81), FD(0)]),
        ("-u a -u b -b ::1", [TCP("::1", 8000), UNIX("a"), UNIX("b")]),
        ("-e tcp:port=81:interface=127.0.0.1", [TCP("127.0.0.1", 81)]),
        ("-e tcp:81", [TCP("0.0.0.0", 81)]),
        (r"-e tcp:port=81:interface=\:\:1", [TCP("::1", 81)]),
        ("-e unix:/tmp/a.sock", [UNIX("/tmp/a.sock")]),
        (r"-e unix:/tmp/a\:b.sock:mode=660", [UNIX("/tmp/a:b.sock", 0o660)]),
        ("-e fd:fileno=0", [FD(0)]),
        ("-e systemd:domain=INET:index=1", [FD(4)]),
        ("-e tcp:81 -e tcp:81", [TCP("0.0.0.0", 81)]),
    ],
)
def test_listening_options(line: str, endpoints: list[object]) -> None:
    assert list(options(line).endpoints) == endpoints


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--prot 80", ["--prot", "did you mean --port?"]),
        ("--server-nmae x", ["--server-nmae", "did you mean --server-name?"]),
        ("--no-acces-log", ["did you mean --no-access-log?"]),
        ("--ssl-version 2", ["--ssl-version", "it is --tls-min-version here"]),
        ("--http httptools", ["--http", "leave it out"]),
        ("--ws-max-queue 5", ["--limit-unread"]),
        ("-w 4", ["-w: it is --workers here"]),
        ("-w4", ["it is --workers here"]),
        ("-k uvicorn.workers.UvicornWorker", ["leave it out"]),
        ("--graceful-timeout 5", ["--timeout-graceful-shutdown"]),
        ("--no-server-name --server-name x", ["--no-server-name", "--server-name", "contradict"]),
        ("--proxy-headers --no-proxy-headers", ["contradict"]),
        ("--access-log a/b --no-access-log", ["contradict"]),
        ("--proxy-headers-host X-Real-IP", ["--proxy-headers-host", "--proxy-headers"]),
        ("--workers 0", ["--workers"]),
        ("--workers many", ["--workers", "auto"]),
        ("--workers 2 --reload", ["--workers", "--reload", "contradict"]),
        ("--worker-max-rss 1G", ["--worker-max-rss", "--workers"]),
        ("--reload-grace 5", ["--reload-grace", "--workers"]),
        ("--workers 1 --reload", ["--workers", "--reload", "contradict"]),
        ("--port x", ["--port", '"x"']),
        ("-p 65536", ["-p", '"65536"']),
        ("--timeout-body soon", ["--timeout-body", '"soon"']),
        ("--timeout-body -2", ["--timeout-body", '"-2"']),
        ("--timeout-body nan", ["--timeout-body"]),
        ("--limit-body 10T", ["--limit-body", '"10T"']),
        ("--limit-headers 0", ["--limit-headers"]),
        ("--lifespan maybe", ["--lifespan", "auto, on, off"]),
        ("--verbosity 4", ["--verbosity"]),
        ("--header nothing", ["--header", "NAME:VALUE"]),
        ("--header a:b\x01", ["--header", '"a"']),
        ("--static static", ["--static", "PREFIX=DIR"]),
        ("--root-path shop", ["--root-path", "slash"]),
        ("--unix-socket a --unix-socket-mode 888", ["--unix-socket-mode", '"888"']),
        ("--unix-socket a --unix-socket-mode 1777", ["--unix-socket-mode", '"1777"']),
        ("--unix-socket-mode 660", ["Unix"]),
        ("-b 127.0.0.1:80 -p 81", ["81", "no effect"]),
        ("-b :80", ['":80"', "0.0.0.0"]),
        ("-e ssl:443:dhParameters=dh.pem", ["dhParameters", "leave it out"]),
        ("-e onion:80", ['"onion:80"', "tcp, tcp6, ssl, unix, fd, systemd"]),
        ("-e tcp:port=80:colour=red", ["colour", "interface"]),
        ("-e tcp:interface=::1", ['"tcp:interface=::1"']),
        ("-e unix:", ["address"]),
        ("--limit-max-requests-jitter 5", ["--limit-max-requests"]),
    ],
)
def test_a_refusal_says_what_is_wrong(line: str, words: list[str]) -> None:
    message = refusal(line)
    assert [word for word in words if word not in message] == []


def test_trusted_proxies_without_proxy_headers_give_a_warning() -> None:
    (warning,) = options("--forwarded-allow-ips *").warnings
    assert warning == "--forwarded-allow-ips does nothing without --proxy-headers"
    assert options("--forwarded-allow-ips * --proxy-headers").warnings == ()
    assert options("--forwarded-allow-ips * --proxy-protocol").warnings == ()


def test_access_log_without_a_value_does_not_consume_the_application() -> None:
    for arguments in (["--access-log", "a.b:c"], ["a.b:c", "--access-log"]):
        chosen = resolve(arguments, {})
        assert chosen.application == "a.b:c"
        assert chosen.settings["access_log"] == "stdout"
    named = resolve(["--access-log=a.b:c", "a.b:c"], {})
    assert named.settings["access_log_path"] == "a.b:c"


def test_an_application_has_to_be_named() -> None:
    with pytest.raises(UsageError, match="the application is missing"):
        resolve([], {})


def test_jitter_adds_a_random_number_of_requests() -> None:
    seen = {
        settings("--limit-max-requests 10 --limit-max-requests-jitter 5")["max_requests"]
        for _ in range(200)
    }
    assert seen <= set(range(10, 16))
    assert len(seen) > 1


def test_each_python_process_has_its_own_limit_of_requests() -> None:
    assert settings("--workers 2 --limit-max-requests 10")["max_requests"] == 0


def test_the_sockets_of_an_activation_replace_only_the_default() -> None:
    def endpoints(line: str) -> tuple[object, ...]:
        return resolve([*line.split(), APPLICATION], activated=[3, 4]).endpoints

    assert endpoints("") == (FD(3), FD(4))
    assert endpoints("-p 8000") == (TCP(), FD(3), FD(4))
    assert endpoints("-e systemd:domain=INET:index=1") == (FD(4), FD(3))
