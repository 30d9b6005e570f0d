"""RedisClient: a connection to Redis that publishes. Imports `redis` and `msgpack` when needed."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .formats import Message, Pack

TIMEOUT = 5.0  # seconds to connect, and for an answer
# An idle connection whose peer has disappeared is noticed by the kernel: after 60 seconds without
# traffic it asks, 3 times, 10 seconds apart.
KEEPALIVE = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3}

MISSING = (
    "emitting through Redis needs the packages redis and msgpack: pip install 'sioserve[redis]'"
)


class RedisClient:
    """Not thread-safe. It connects with the first send(), and again after an error."""

    def __init__(self, url: str) -> None:
        """Raises RuntimeError if a package is missing or the URL is invalid."""
        redis = _package("redis")
        # getaddrinfo() imports this codec when it is first used, perhaps in another thread. A child
        # that is forked meanwhile could not use it.
        "".encode("idna")
        retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)  # no message is sent twice
        options: dict[str, Any] = {"socket_keepalive": True, "socket_keepalive_options": KEEPALIVE}
        url = url.removeprefix("redis+") if url.startswith("redis+unix:") else url
        if url.startswith("unix:"):
            options = {}
        shown = without_password(url)
        self.address = f"Redis at {shown}"
        self._errors = (redis.RedisError, OSError)
        try:
            self._redis = redis.Redis.from_url(
                url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=retry, **options
            )
        except ValueError as error:
            raise RuntimeError(f"{shown!r} is not the URL of a Redis server: {error}") from None

    def send(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish them in this order; None: it was published."""
        pipeline = self._redis.pipeline(transaction=False)
        for message in messages:
            pipeline.execute_command(message.command, message.channel, message.payload)
        try:
            replies = pipeline.execute(raise_on_error=False)
        except self._errors as error:
            self.close()
            return [error] * len(messages)
        except BaseException:
            self.close()
            raise
        return [reply if isinstance(reply, Exception) else None for reply in replies]

    def close(self) -> None:
        self._redis.connection_pool.disconnect()


def packer() -> Pack:
    """The encoder of MessagePack. Raises RuntimeError if its package is missing."""
    pack: Pack = _package("msgpack").packb
    return pack


def without_password(url: str) -> str:
    """The URL, to be shown; of what is none, only what can't be a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "..."
    if not parts.netloc:
        return url.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RuntimeError(f"{MISSING} ({error})") from None
