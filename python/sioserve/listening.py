"""How the native server is made, listens and starts, with errors that say what is wrong.

For Service and for the IoService of --workers.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import _sioserve

from sioserve.descriptors import descriptor_shortage
from sioserve.errors import ListenError, StartupError
from sioserve.options import ClusterEndpoint, Endpoint, FdEndpoint, TcpEndpoint, UnixEndpoint
from sioserve.options.endpoints import FIRST_SYSTEMD_FD

logger = logging.getLogger("sioserve")

PAGE = "docs/exit-codes.md#when-it-cannot-listen"
CLUSTER_PAGE = "docs/scaling.md#when-servers-do-not-reach-each-other"
CLUSTER_TLS_PAGE = "docs/scaling.md#tls-between-the-servers"


@contextlib.contextmanager
def creation_errors(settings: Mapping[str, Any]) -> Iterator[None]:
    """Turns the exceptions of the native server's constructor into StartupError."""
    for name, value in settings.items():
        if not _is_encodable(value):  # not shown: it may hold a password
            raise StartupError(f"A setting has an unusable value: {name}: it is not valid UTF-8")
    try:
        yield
    except (TypeError, ValueError) as error:
        raise StartupError(f"A setting has an unusable value: {error} (docs/settings.md)") from None
    except (OSError, MemoryError) as error:
        raise descriptor_shortage(error) or StartupError(
            f"The server can't be created: {error or 'not enough memory'}"
        ) from None


def _is_encodable(value: Any) -> bool:
    """Whether each str in a setting's value is valid UTF-8. An argument or environment variable
    that is not has lone surrogates.
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    elif isinstance(value, Mapping):
        return _is_encodable([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_encodable, value))
    return True


@contextlib.contextmanager
def start_errors() -> Iterator[None]:
    """Turns the exceptions of the native server's start into StartupError."""
    try:
        yield
    except (OSError, MemoryError) as error:
        raise descriptor_shortage(error) or StartupError(
            f"The server's thread can't be started: {error or 'not enough memory'}"
        ) from None


def listen_on(
    server: _sioserve.Server, endpoints: Sequence[Endpoint], cluster: ClusterEndpoint | None
) -> list[str]:
    """Open the log files and listen; returns the addresses for clients. Raises StartupError."""
    try:
        server.open_logs()
    except OSError as error:
        raise StartupError(str(error)) from None
    if any(
        isinstance(one, TcpEndpoint | FdEndpoint) and one.service == "https" for one in endpoints
    ):
        _load_certificates(server)
    addresses = []
    try:
        if cluster is not None:
            address = _listen_cluster(server, cluster)
            logger.info("Other servers of the cluster reach this one at %s", address)
        for endpoint in _with_shared_ports(endpoints):
            address = listen(server, endpoint)
            if not isinstance(endpoint, UnixEndpoint) and endpoint.service == "redirect":
                logger.info("Redirecting %s to HTTPS", address)
            else:
                addresses.append(address)
        return addresses
    except OSError as error:
        raise descriptor_shortage(error) or ListenError(f"{error} ({PAGE})") from None


def _with_shared_ports(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """One endpoint for all interfaces instead of 0.0.0.0 and [::] with the same port: [::] alone
    includes IPv4, and one of the two would find the port in use.
    """
    found = list(endpoints)
    for one in endpoints:
        if isinstance(one, TcpEndpoint) and one.host == "::" and one.port != 0:
            ipv4 = one._replace(host="0.0.0.0")
            if ipv4 in found:
                found[found.index(ipv4)] = one._replace(host="")
                found.remove(one)
    return found


def listen_for_metrics(server: _sioserve.Server, address: tuple[str, int] | None) -> None:
    """The port of --metrics. Raises StartupError."""
    if address is None:
        return
    try:
        url = server.listen_metrics(*address)
    except OSError as error:
        raise descriptor_shortage(error) or ListenError(f"--metrics: {error} ({PAGE})") from None
    logger.info("Metrics on %s/metrics", url)


def listen(server: _sioserve.Server, endpoint: Endpoint) -> str:
    """Returns the address for log lines; raises OSError with a readable message."""
    if isinstance(endpoint, TcpEndpoint):
        return server.listen_tcp(endpoint.host, endpoint.port, endpoint.service)
    if isinstance(endpoint, UnixEndpoint):
        return server.listen_unix(endpoint.path, endpoint.mode)
    return server.listen_fd(endpoint.fd, endpoint.service)


def _listen_cluster(server: _sioserve.Server, cluster: ClusterEndpoint) -> str:
    try:
        return server.listen_cluster(cluster.host, cluster.port, cluster.secret, cluster.tls)
    except UnicodeEncodeError:
        raise StartupError("An option of --cluster-listen is not valid UTF-8") from None
    except OSError as error:
        reason = str(error)
        if not reason.startswith("--"):
            reason = f"--cluster-listen: {reason}"
        page = CLUSTER_TLS_PAGE if reason.startswith("--cluster-tls") else CLUSTER_PAGE
        raise descriptor_shortage(error) or ListenError(f"{reason} ({page})") from None


def _load_certificates(server: _sioserve.Server) -> None:
    try:
        server.load_certificates()
    except OSError as error:
        raise StartupError(f"TLS can't be used: {error} (docs/tls.md)") from None


def take_activated_sockets() -> list[int]:
    """The descriptors that systemd's socket activation passes to this process.

    As sd_listen_fds(3) does with unset_environment: the variables are removed and the descriptors
    are not inherited by children, so that no child uses the sockets. Call it once, before any
    process is started.
    """
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")
    values = {name: os.environ.pop(name, "") for name in names}
    if values["LISTEN_PID"] != str(os.getpid()) or not values["LISTEN_FDS"].isdecimal():
        return []
    fds = list(range(FIRST_SYSTEMD_FD, FIRST_SYSTEMD_FD + int(values["LISTEN_FDS"])))
    for fd in fds:
        with contextlib.suppress(OSError):  # listen() reports a descriptor that is not open
            os.set_inheritable(fd, False)
    return fds
