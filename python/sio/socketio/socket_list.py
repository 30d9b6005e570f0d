"""SocketList: the result of fetch_sockets()."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

_S = TypeVar("_S")  # the class of the sockets


class SocketList(list[_S]):
    """The sockets of this process; awaiting the list returns those of the whole cluster.

    With a single process, these are the same.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, SocketList[_S]]:
        return self
        yield
