"""SocketList: what fetch_sockets() returns."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .socket import NamespaceSocket

    Sockets = list[NamespaceSocket]
else:
    Sockets = list


class SocketList(Sockets):
    """The sockets of this process; awaiting the list gives those of the whole cluster.

    As long as the server is one process the two are the same.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, SocketList]:
        return self
        yield
