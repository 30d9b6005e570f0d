"""The table of all options, in the order of the help."""

from __future__ import annotations

from sioserve.options.option import Group, Option
from sioserve.options.table import (
    application,
    development,
    http,
    http2,
    limits,
    listening,
    logs,
    metrics,
    process,
    proxies,
    redis,
    socketio,
    tls,
    websocket,
    workers,
)

GROUPS: tuple[Group, ...] = (
    application.GROUP,
    listening.GROUP,
    tls.GROUP,
    http.GROUP,
    http2.GROUP,
    limits.GROUP,
    websocket.GROUP,
    socketio.GROUP,
    redis.GROUP,
    proxies.GROUP,
    logs.GROUP,
    metrics.GROUP,
    process.GROUP,
    workers.GROUP,
    development.GROUP,
)

OPTIONS: tuple[Option, ...] = tuple(option for group in GROUPS for option in group.options)
