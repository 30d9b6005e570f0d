"""The include rule of docs/architecture.md, checked on every C++ source."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Third-party headers that the rule restricts; all other headers in <> are allowed everywhere.
LIBRARIES = {
    "libuv": re.compile(r"uv(/.*|\.h)$"),
    "llhttp": re.compile(r"llhttp\.h$"),
    "wslay": re.compile(r"wslay/"),
    "nghttp2": re.compile(r"nghttp2/"),
    "zlib": re.compile(r"zlib\.h$"),
    "hiredis": re.compile(r"hiredis/"),
    "libssl": re.compile(r"openssl/(ssl|bio|x509|x509v3|pem)\.h$"),
    "python": re.compile(r"(Python|structmember|pythread|datetime|frameobject)\.h$|cpython/"),
}

BASE = ["server/base"]
PORT = ["server/port"]
ENGINES = ["socketio/engine", "socketio/limits", "socketio/parser", "socketio/server"]
STREAMS = ["server/connection/stream_handlers.h"]

# Layer (the longest prefix of the file's path) -> the layers that it may include, besides itself. A
# file name is only that header.
RULES: dict[str, list[str]] = {
    "server/base": [],
    "server/port": BASE,
    "server/access_log": [*BASE, *PORT],
    "server/net": [*BASE, "libuv"],
    "server/redis": [*BASE, "server/net", "server/tls", "socketio/cluster/bus.h", "hiredis"],
    "server/forwarding": [*BASE, *STREAMS, "server/net", "server/tls", "socketio/cluster/bus.h"],
    "server/processes": [*BASE, *PORT, "server/net"],
    "server/http": [*BASE, "llhttp"],
    "server/http2": [*BASE, "server/http", "nghttp2"],
    "server/ws": [*BASE, "wslay", "zlib"],
    "server/tls": [*BASE, "libssl"],
    "server/tls/stream": [
        *BASE,
        *("server/tls/engine.h", "server/tls/stream.h"),
        *(f"server/net/{name}.h" for name in ("stream", "deferred_queue", "file_portion")),
    ],
    "server/connection": [
        *BASE,
        *("server/net", "server/http", "server/http2", "server/ws", "server/tls"),
    ],
    "server/transport": [*BASE, *PORT, *STREAMS, *ENGINES, "zlib"],
    "server/application": [*BASE, *PORT, *STREAMS, "server/net/deferred_queue.h"],
    "server/static_files": [*BASE, *STREAMS, "server/http"],
    "server/metrics": [*BASE, *PORT],
    "server/metrics_service": ["server"],
    "server/io_thread": ["server", "socketio"],
    "server/server": ["server", "socketio"],
    "server/main": ["server", "socketio", "asgi-bridge", *LIBRARIES],
    "socketio": [*BASE, *PORT, *ENGINES],
    "asgi-bridge": ["server", "socketio", "python"],
}


@dataclasses.dataclass(frozen=True)
class Include:
    """One #include line of the file `source`; `target` is the name between the marks."""

    source: str
    target: str


def includes_of(source: str, text: str) -> Iterator[Include]:
    for match in re.finditer(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE):
        yield Include(source, match[1])


def layer_of(path: str) -> str:
    """The layer of a file."""
    fitting = [layer for layer in RULES if path.startswith((layer + "/", layer + "."))]
    assert fitting, f"{path} belongs to no layer: add its folder to RULES"
    return max(fitting, key=len)


def allowed(include: Include) -> bool:
    layer = layer_of(include.source)
    for library, pattern in LIBRARIES.items():
        if pattern.match(include.target):
            return library in RULES[layer]
    if not include.target.startswith(("server/", "socketio/", "asgi-bridge/")):
        return True
    return any(
        include.target == permitted or include.target.startswith(permitted + "/")
        for permitted in [layer, *RULES[layer]]
    )


def sources() -> list[pathlib.Path]:
    return sorted(
        path
        for folder in ("server", "socketio", "asgi-bridge")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".h", ".cc")
    )


def test_every_include_follows_the_layers() -> None:
    found = [
        include
        for path in sources()
        for include in includes_of(str(path.relative_to(ROOT)), path.read_text())
    ]
    assert found, "no sources were scanned"
    assert [include for include in found if not allowed(include)] == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("socketio/engine/session.cc", '#include "server/net/stream.h"'),
        ("socketio/server/rooms.cc", "#include <uv.h>"),
        ("socketio/parser/json_codec.cc", "# include <Python.h>"),
        ("server/access_log/log_file.cc", "#include <uv.h>"),
        ("server/http/request_parser.cc", "#include <uv.h>"),
        ("server/ws/engine.cc", "#include <llhttp.h>"),
        ("server/net/stream.cc", '#include "server/http/request_parser.h"'),
        ("server/tls/session.cc", '#include "server/net/stream.h"'),
        ("server/tls/stream.cc", "#include <openssl/ssl.h>"),
        ("server/tls/stream.cc", '#include "server/net/loop.h"'),
        ("server/connection/connection.cc", "#include <openssl/ssl.h>"),
        ("server/base/bytes.h", '#include "server/http/request_parser.h"'),
        ("server/connection/connection.cc", "#include <Python.h>"),
        ("server/connection/connection.cc", '#include "asgi-bridge/server.h"'),
        ("server/application/stream.cc", '#include "server/connection/connection.h"'),
        ("server/transport/polling.cc", "  #include <uv.h>"),
        ("server/metrics/exposition.cc", '#include "server/net/loop.h"'),
        ("server/metrics/request_metrics.cc", '#include "server/connection/connection.h"'),
        ("server/static_files/answer.cc", '#include "server/net/background.h"'),
        ("socketio/cluster/adapter.cc", '#include "server/redis/redis_bus.h"'),
        ("server/redis/redis_bus.cc", '#include "socketio/cluster/adapter.h"'),
        ("server/net/connector.cc", "#include <hiredis/read.h>"),
        ("server/redis/redis_link.cc", "#include <openssl/ssl.h>"),
        ("server/forwarding/peer_tls.cc", "#include <openssl/ssl.h>"),
        ("asgi-bridge/server.cc", "#include <uv.h>"),
        ("asgi-bridge/server.cc", "#include <wslay/wslay.h>"),
    ],
)
def test_a_violation_is_noticed(source: str, line: str) -> None:
    (include,) = includes_of(source, f"// a file\n{line}\n")
    assert not allowed(include)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("socketio/engine/session.cc", "server/base/bytes.h"),
        ("server/http/request_parser.cc", "llhttp.h"),
        ("server/connection/connection.cc", "server/net/stream.h"),
        ("server/transport/polling.cc", "server/connection/stream_handlers.h"),
        ("server/redis/redis_bus.h", "socketio/cluster/bus.h"),
        ("server/forwarding/peer_tls.h", "server/tls/stream.h"),
        ("server/redis/reply.h", "hiredis/read.h"),
        ("server/redis/redis_link.h", "server/tls/stream.h"),
        ("server/tls/stream.cc", "server/net/stream.h"),
        ("server/transport/polling.cc", "vector"),
        ("server/main.cc", "asgi-bridge/interpreter.h"),
    ],
)
def test_allowed_includes_are_accepted(source: str, target: str) -> None:
    assert allowed(Include(source, target))


def test_every_header_is_included_once() -> None:
    headers = [path for path in sources() if path.suffix == ".h"]
    assert [path for path in headers if "#pragma once" not in path.read_text()] == []
