"""Options of the command `sioserve`: one table, several sources, one result.

`table/` says what there is. `command_line.py` (and the other sources) give texts for some of it,
`resolve.py` makes `Options` of them, and `server_arguments.py` what the native core is given.
"""

from __future__ import annotations

from sioserve.options.endpoints import Endpoint, FdEndpoint, TcpEndpoint, UnixEndpoint
from sioserve.options.errors import UsageError
from sioserve.options.resolve import resolve
from sioserve.options.server_arguments import server_arguments
from sioserve.options.values import LoopKind, Options

__all__ = [
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
