"""Options: the configuration of one server."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from sioserve.lifespan import LifespanMode
from sioserve.options.endpoints import ClusterEndpoint, Endpoint, TcpEndpoint

LoopKind = Literal["auto", "asyncio", "uvloop"]


class Options(NamedTuple):
    """The options that Python uses; times are seconds.

    `settings` are keyword arguments of `_sioserve.Server`, for the options of the native core. It
    has defaults for missing ones.
    """

    endpoints: tuple[Endpoint, ...] = (TcpEndpoint(),)
    settings: Mapping[str, Any] = MappingProxyType({})
    warnings: tuple[str, ...] = ()  # warnings for the log

    application: str = ""
    app_dir: str = "."
    factory: bool = False
    config: str | None = None
    env_file: str | None = None
    lifespan: LifespanMode = "auto"
    loop: LoopKind = "auto"
    threads: int = 0  # 0: by the number of cores
    thread_queue: int = 1000
    django_handler: Literal["auto", "stock"] = "auto"
    application_close_timeout: float = 10.0
    timeout_graceful_shutdown: float = 10.0
    pid: str | None = None
    control: str | None = None
    cluster: ClusterEndpoint | None = None
    workers: int | None = None  # Python processes; None: the application runs in this process
    reload_grace: float = 30.0
    worker_max_rss: int = 0  # bytes; 0, as in the following: no limit
    worker_max_age: float = 0.0
    worker_hang_timeout: float = 60.0
    worker_start_timeout: float = 300.0
    limit_max_requests: int = 0
    limit_max_requests_jitter: int = 0
    metrics: tuple[str, int] | None = None  # host and port
    socketio_handler_timeout: float = 0.0  # 0: no limit
    socketio_serve_client: bool = True

    verbosity: int = 1
    log_level: str | None = None
    log_fmt: str | None = None
    log_config: str | None = None

    reload: bool = False
    reload_dir: tuple[str, ...] = ()
    reload_include: tuple[str, ...] = ()
    reload_exclude: tuple[str, ...] = ()
    reload_delay: float = 0.25

    @property
    def has_certificates(self) -> bool:
        """Whether the server reads certificates, which a reload reads again."""
        return bool(self.settings.get("tls")) or (
            self.cluster is not None and self.cluster.tls is not None
        )
