"""SocketList: what fetch_sockets() returns."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

_S = TypeVar("_S")  # the class of the sockets


class SocketList(list[_S]):
    """The sockets of this process; awaiting the list gives those of the whole cluster.

    As long as the server is one process the two are the same.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, SocketList[_S]]:
        return self
        yield
