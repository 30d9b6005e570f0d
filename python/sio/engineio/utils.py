"""An import path of django-sio."""

from ..handshake import parse_query

__all__ = ["parse_query"]
