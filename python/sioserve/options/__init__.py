"""Options of the command `sioserve`: one table, several sources, one result.

`table/` defines all options. `command_line.py` (and the other sources) read texts for some of them,
`resolve.py` makes `Options` from these, and `server_arguments.py` the arguments of the native core.
"""

from __future__ import annotations

from sioserve.options.endpoints import (
    ClusterEndpoint,
    Endpoint,
    FdEndpoint,
    TcpEndpoint,
    UnixEndpoint,
)
from sioserve.options.errors import UsageError
from sioserve.options.resolve import resolve
from sioserve.options.server_arguments import server_arguments
from sioserve.options.values import LoopKind, Options

__all__ = [
    "ClusterEndpoint",
    "Endpoint",
    "FdEndpoint",
    "LoopKind",
    "Options",
    "TcpEndpoint",
    "UnixEndpoint",
    "UsageError",
    "resolve",
    "server_arguments",
]
