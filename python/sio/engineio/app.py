"""An import path of django-sio."""

from ..compatibility import get_engineio_app, set_engineio_app
from ..engine import EngineIOApplication, EngineIOSocket

__all__ = ["EngineIOApplication", "EngineIOSocket", "get_engineio_app", "set_engineio_app"]
