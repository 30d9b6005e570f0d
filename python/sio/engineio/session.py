"""An import path of django-sio."""

from ..compatibility import create_session, destroy_session, get_session
from ..engine import EngineIOSession

__all__ = ["EngineIOSession", "create_session", "destroy_session", "get_session"]
