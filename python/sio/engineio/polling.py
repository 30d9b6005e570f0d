"""An import path of django-sio."""

from ..compatibility import LongPollingConsumer

__all__ = ["LongPollingConsumer"]
