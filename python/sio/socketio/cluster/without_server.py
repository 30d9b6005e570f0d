"""WithoutServer: how the Socket.IO server object emits in a process that runs no server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

from .emitter import ControlEmitter, PublishingEmitter, RedisEmitter
from .publishing_adapter import PublishingAdapter
from .settings import ControlSettings, RedisSettings, emitter_settings


class _Configured(NamedTuple):
    settings: RedisSettings | ControlSettings
    emitter: PublishingEmitter


class WithoutServer(ABC):
    """A base class of SocketIOServer."""

    json_default: Callable[[Any], Any] | None

    def __init__(self) -> None:
        self._emitter: PublishingEmitter | None = None
        self._configured: _Configured | None = None

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether a server runs in this process."""

    @property
    def emitter(self) -> PublishingEmitter | None:
        """How this process emits while it runs no server: a RedisEmitter or a ControlEmitter; None:
        it can't.

        Where it was not set: through the Redis of Django's setting SIO_REDIS_URL or the environment
        variable SIOSERVE_REDIS, or else through the control socket that SIOSERVE_CONTROL names.
        Raises RuntimeError if these are wrong, or if the packages redis or msgpack are missing.
        """
        if self._emitter is not None:
            return self._emitter
        settings = emitter_settings()
        if settings is None:
            return None
        configured = self._configured
        if configured is None or configured.settings != settings:
            configured = self._configured = _Configured(settings, _make(settings))
        return configured.emitter

    @emitter.setter
    def emitter(self, emitter: PublishingEmitter | None) -> None:
        self._emitter = emitter

    def publishing_adapter(self, namespace: str) -> PublishingAdapter | None:
        """Reaches the clients of other processes, while no server runs in this one. None: a server
        runs, or no Redis is configured.
        """
        if self.running or (emitter := self.emitter) is None:
            return None
        return emitter.adapter_of(namespace, emitter.json_default or self.json_default)

    def check_running(self, what: str) -> None:
        """Raise RuntimeError, which says that one can't do `what`, while no server runs."""
        if not self.running:
            raise RuntimeError(
                f"can't {what}: no Socket.IO server is running in this process, and no Redis is "
                "configured through which it could reach one: set SIO_REDIS_URL in Django's "
                "settings or SIOSERVE_REDIS in the environment (or SIOSERVE_CONTROL, for a server "
                "on the same machine). Tests have sioserve.testing.captured_emits; see "
                "docs/emitting.md"
            )


def _make(settings: RedisSettings | ControlSettings) -> PublishingEmitter:
    if isinstance(settings, ControlSettings):
        return ControlEmitter(settings.path)
    return RedisEmitter(settings.url, prefix=settings.prefix, sharded=settings.sharded)
