"""Event arguments that are not JSON values."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _django_default() -> Callable[[Any], Any] | None:
    try:
        from django.core.serializers.json import DjangoJSONEncoder
    except ImportError:
        return None
    return DjangoJSONEncoder().default


def default(obj: Any) -> Any:
    """Return a JSON value for `obj`, as DjangoJSONEncoder does: dates and times, timedelta,
    Decimal, UUID and lazy strings become strings.

    Raises TypeError for anything else, and for everything where Django is not installed.
    """
    convert = _django_default()
    if convert is None:
        raise TypeError(f"Object of type {type(obj).__name__} is not JSON serializable")
    return convert(obj)
