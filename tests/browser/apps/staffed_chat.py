"""The sample project with the Admin UI for its staff."""

import sio.admin
from project.asgi import application

__all__ = ["application"]

sio.admin.instrument()
