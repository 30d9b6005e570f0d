"""An import path of django-sio."""

from ..compatibility import EngineIOWebSocketConsumer

__all__ = ["EngineIOWebSocketConsumer"]
