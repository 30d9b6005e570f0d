"""The interface of `daphne.testing` for Channels and live-server tests, on sioserve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sioserve.testing.process import ServerProcess

__all__ = ["BaseDaphneTestingInstance", "DaphneProcess"]

# daphne's arguments -> _sioserve.Server's settings and the factor between them.
_SETTINGS = {
    "http_timeout": ("application_timeout_ms", 1000),
    "websocket_timeout": ("websocket_lifetime_ms", 1000),
    "websocket_handshake_timeout": ("websocket_connect_timeout_ms", 1000),
    "ping_interval": ("websocket_ping_interval_ms", 1000),
    "ping_timeout": ("websocket_ping_timeout_ms", 1000),
    "root_path": ("root_path", None),
    "server_name": ("server_header", None),
}


class DaphneProcess(ServerProcess):
    """A ServerProcess that takes the arguments of daphne's server as `kwargs`.

    Raises TypeError for one that has no counterpart here.
    """

    def __init__(
        self,
        host: str,
        get_application: Callable[[], Any],
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], None] | None = None,
        teardown: Callable[[], None] | None = None,
        port: int | None = None,
    ) -> None:
        super().__init__(host, get_application, _translated(kwargs or {}), setup, teardown, port)


class BaseDaphneTestingInstance:
    """A context manager with `host` and `port`: `application` in a process of its own."""

    startup_timeout = 30.0  # seconds; a busy machine is slow

    def __init__(
        self,
        xff: bool = False,
        http_timeout: float | None = None,
        request_buffer_size: int | None = None,
        *,
        application: Any,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.application = application
        self.xff = xff
        self.http_timeout = http_timeout
        self.request_buffer_size = request_buffer_size  # bodies are not collected in memory here

    def get_application(self) -> Any:
        return self.application

    def process_setup(self) -> None:
        """Called in the process before it serves."""

    def process_teardown(self) -> None:
        """Called in the process after it has served."""

    def __enter__(self) -> BaseDaphneTestingInstance:
        settings: dict[str, Any] = {}
        if self.http_timeout:
            settings["http_timeout"] = self.http_timeout
        self.process = DaphneProcess(
            self.host,
            self.get_application,
            settings,
            setup=self.process_setup,
            teardown=self.process_teardown,
        )
        if self.xff:
            self.process.kwargs["forwarded_headers"] = True
        self.process.start()
        if not self.process.ready.wait(self.startup_timeout):
            self.process.terminate()
            raise RuntimeError("the server did not start; its traceback is on stderr")
        self.port = self.process.port.value
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.terminate()
        self.process.join()


def _translated(arguments: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in arguments.items():
        if name not in _SETTINGS:
            raise TypeError(f"sioserve's replacement for daphne.testing does not have {name!r}")
        setting, factor = _SETTINGS[name]
        if value is not None:
            settings[setting] = value if factor is None else round(max(value, 0) * factor)
    return settings
