"""Endpoints to listen on, and how to write them: host and port, Twisted's endpoint strings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from sioserve.options.kinds import MODE, NUMBER, PORT

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
FIRST_SYSTEMD_FD = 3
DEFAULT_UNIX_MODE = 0o666  # as daphne and uvicorn: everyone with access to the folder may connect


# What the clients of an endpoint get.
EndpointService = Literal["http", "https", "redirect"]


class TcpEndpoint(NamedTuple):
    """`port` 0: any free one.

    `certificate`: the files of a certificate and its key that were given with the endpoint.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    service: EndpointService = "http"
    certificate: tuple[str, str] | None = None


class UnixEndpoint(NamedTuple):
    """`mode`: permissions of the socket's file."""

    path: str
    mode: int = DEFAULT_UNIX_MODE


class FdEndpoint(NamedTuple):
    """A descriptor of a listening socket that this process inherited.

    `service` is that of a TCP socket; Unix sockets have no TLS.
    """

    fd: int
    service: EndpointService = "http"


class ClusterEndpoint(NamedTuple):
    """Where other servers of the cluster reach this one; `port` 0: any free one.

    `tls`: the files of a certificate, its key ("": the same file) and the authorities.
    """

    host: str
    port: int
    secret: str
    tls: tuple[str, str, str] | None = None


Endpoint = TcpEndpoint | UnixEndpoint | FdEndpoint


def endpoints_from(
    *,
    hosts: Sequence[str] = (),
    port: int | None = None,
    unix_sockets: Sequence[str] = (),
    unix_socket_mode: int | None = None,
    fds: Sequence[int] = (),
    strings: Sequence[str] = (),
    activated: Sequence[int] = (),
    service: EndpointService = "http",
) -> tuple[Endpoint, ...]:
    """All endpoints to listen on; 127.0.0.1:8000 if none is given. Raises ValueError.

    `activated` are the descriptors from systemd's socket activation. `service` is that of all
    endpoints except Unix sockets and `strings`, which say it themselves.
    """
    fds = [*fds, *activated]
    mode = DEFAULT_UNIX_MODE if unix_socket_mode is None else unix_socket_mode
    found: list[Endpoint] = [parse_endpoint(string, mode) for string in strings]
    addresses = [split_host(host) for host in hosts]
    if not hosts and (port is not None or not (unix_sockets or fds or strings)):
        addresses = [(DEFAULT_HOST, None)]
    if port is not None and all(own is not None for _, own in addresses):
        raise ValueError(f"port {port} has no effect: each address to bind has its own")
    common_port = DEFAULT_PORT if port is None else port
    for host, own in addresses:
        found.append(TcpEndpoint(host, common_port if own is None else own, service))
    found += [UnixEndpoint(path, mode) for path in unix_sockets]
    found += [FdEndpoint(fd, service) for fd in fds]
    if unix_socket_mode is not None and not any(isinstance(one, UnixEndpoint) for one in found):
        raise ValueError("a mode of Unix sockets is given, but no Unix socket")
    return tuple(dict.fromkeys(found))


def split_host(text: str) -> tuple[str, int | None]:
    """HOST or HOST:PORT; IPv6 addresses need brackets before a port."""
    if match := re.fullmatch(r"\[([^\]]*)\](?::(.*))?", text):
        host, port = match[1], match[2]
    elif text.count(":") == 1:
        host, port = text.split(":")
    else:
        host, port = text, None
    if not host:
        raise ValueError(f'"{text}" has no host; write 0.0.0.0 or [::] for all addresses')
    return host, None if port is None else PORT.parse(port)


def parse_endpoint(text: str, unix_socket_mode: int = DEFAULT_UNIX_MODE) -> Endpoint:
    """Twisted's description of a server endpoint. Raises ValueError."""
    (_, kind), *parts = _split(text)
    if kind in ("tcp", "tcp6"):
        values = _arguments(text, parts, "port", "interface")
        everywhere = "0.0.0.0" if kind == "tcp" else "::"
        return TcpEndpoint(values.get("interface") or everywhere, PORT.parse(values["port"]))
    if kind == "unix":
        # The lock file is Twisted's way to notice that a socket is stale.
        values = _arguments(text, parts, "address", "mode", "lockfile")
        mode = MODE.parse(values["mode"]) if "mode" in values else unix_socket_mode
        return UnixEndpoint(values["address"], mode)
    if kind == "fd":
        values = _arguments(text, parts, "fileno")
        return FdEndpoint(NUMBER.parse(values["fileno"]))
    if kind == "systemd":
        values = _arguments(text, parts, "index", "domain")
        return FdEndpoint(FIRST_SYSTEMD_FD + NUMBER.parse(values["index"]))
    if kind == "ssl":
        return _ssl_endpoint(text, parts)
    raise ValueError(f'"{text}" is no endpoint of a known kind: tcp, tcp6, ssl, unix, fd, systemd')


def _ssl_endpoint(text: str, parts: list[tuple[str | None, str]]) -> TcpEndpoint:
    instead = {
        "extraCertChain": "put the chain into the file of certKey, behind the certificate",
        "sslmethod": "use --tls-min-version",
        "dhParameters": "leave it out, elliptic curves need none",
    }
    for name, _ in parts:
        if name in instead:
            raise ValueError(f'"{text}" has {name}: {instead[name]}')
    values = _arguments(text, parts, "port", "interface", "privateKey", "certKey")
    key = values.get("privateKey") or "server.pem"  # Twisted's defaults
    return TcpEndpoint(
        values.get("interface") or "0.0.0.0",
        PORT.parse(values["port"]),
        "https",
        (values.get("certKey") or key, key),
    )


def _split(text: str) -> list[tuple[str | None, str]]:
    """Parts between colons as (name or None, value); a backslash takes the next character as is."""
    parts: list[tuple[str | None, str]] = []
    name, value = None, ""
    characters = iter(text)
    for character in characters:
        if character == "\\":
            value += next(characters, "")
        elif character == ":":
            parts.append((name, value))
            name, value = None, ""
        elif character == "=" and name is None:
            name, value = value, ""
        else:
            value += character
    parts.append((name, value))
    return parts


def _arguments(
    text: str, parts: list[tuple[str | None, str]], required: str, *optional: str
) -> dict[str, str]:
    """The values by name; the required one may come first, without its name."""
    names = (required, *optional)
    values = {}
    for position, (name, value) in enumerate(parts):
        if name is None and position > 0:
            raise ValueError(f'"{text}": "{value}" is not NAME=VALUE')
        if name is not None and name not in names:
            raise ValueError(f'"{text}" has no argument {name}; known are {", ".join(names)}')
        values[name or required] = value
    if not values.get(required):
        raise ValueError(f'"{text}" names no {required}')
    return values
