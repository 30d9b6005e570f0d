"""Event arguments that are not JSON values.

First the server's `json_default` is called, then the encoder in Django's setting SIO_JSON_ENCODER
(a subclass of json.JSONEncoder, or the dotted path to one; by default DjangoJSONEncoder).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from .django_support import django_configured
from .handshake import Handshake

SETTING = "SIO_JSON_ENCODER"


def json_value(obj: Any, hook: Callable[[Any], Any] | None) -> Any:
    """Return a JSON value for `obj`, or an object that this function can convert in turn.

    `hook` is the server's `json_default`. DjangoJSONEncoder converts dates and times, timedelta,
    Decimal, UUID and lazy strings to strings. The value of a FileField is its name. A Handshake
    becomes an object of its members. Raises TypeError for anything else and, without Django, for
    everything but a Handshake; ImproperlyConfigured if the setting is not an encoder.
    """
    if hook is None:
        return _without_hook(obj)
    try:
        return hook(obj)
    except TypeError as refusal:
        try:
            return _without_hook(obj)
        except TypeError:
            raise refusal from None


def encoder_class(setting: Any) -> type[json.JSONEncoder]:
    """The class for a value of SIO_JSON_ENCODER. Raises ImproperlyConfigured."""
    from django.core.exceptions import ImproperlyConfigured
    from django.utils.module_loading import import_string

    try:
        found = import_string(setting) if isinstance(setting, str) else setting
    except ImportError as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from error
    if not isinstance(found, type) or not issubclass(found, json.JSONEncoder):
        raise ImproperlyConfigured(
            f"{SETTING} must be a subclass of json.JSONEncoder or the dotted path to one, "
            f"not {setting!r}"
        )
    return found


def _without_hook(obj: Any) -> Any:
    return obj.as_json() if isinstance(obj, Handshake) else _django_value(obj)


def _django_value(obj: Any) -> Any:
    convert = _encoder_default(_setting())
    if convert is None:
        raise TypeError(f"Object of type {type(obj).__name__} is not JSON serializable")
    try:
        return convert(obj)
    except TypeError:
        if isinstance(obj, FunctionType | MethodType):
            raise TypeError(
                f"a function is not JSON serializable; emit(..., callback={obj.__name__}) has it "
                "called with the client's answer"
            ) from None
        files = sys.modules.get("django.db.models.fields.files")
        if files is not None and isinstance(obj, files.FieldFile):
            return obj.name or ""
        raise


def _setting() -> Any:
    if not django_configured():
        return None
    from django.conf import settings

    return getattr(settings, SETTING, None)


@lru_cache(maxsize=8)
def _encoder_default(setting: Any) -> Callable[[Any], Any] | None:
    if setting is not None:
        return encoder_class(setting)().default
    try:
        from django.core.serializers.json import DjangoJSONEncoder
    except ImportError:
        return None
    convert: Callable[[Any], Any] = DjangoJSONEncoder().default
    return convert
