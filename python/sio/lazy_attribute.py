"""Attributes that are made when they are first read: an idle client needs no memory for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")

_making = threading.Lock()


class LazyAttribute(Generic[_T]):
    """An attribute of a class, whose slot `slot` has the value, or None until it is read.

    `make` is called with the object, once, whatever threads read it.
    """

    __slots__ = ("_make", "_slot")

    def __init__(self, slot: str, make: Callable[[Any], _T]) -> None:
        self._slot = slot
        self._make = make

    @overload
    def __get__(self, owner: None, kind: type) -> LazyAttribute[_T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> _T: ...
    def __get__(self, owner: object | None, kind: type) -> _T | LazyAttribute[_T]:
        if owner is None:
            return self
        value: _T | None = getattr(owner, self._slot)
        if value is not None:
            return value
        made = self._make(owner)
        with _making:
            value = getattr(owner, self._slot)
            if value is None:  # no other thread was faster
                setattr(owner, self._slot, made)
                value = made
        return value

    def __set__(self, owner: object, value: _T) -> None:
        setattr(owner, self._slot, value)


def empty_dict(owner: object) -> dict[Any, Any]:
    """For `make`."""
    return {}


def empty_list(owner: object) -> list[Any]:
    """For `make`."""
    return []
