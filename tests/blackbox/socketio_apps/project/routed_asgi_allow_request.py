"""routed_asgi.py with a function that decides about each handshake."""

from __future__ import annotations

import sio
from routed_asgi import application

__all__ = ["application"]


@sio.get_socketio_server().allow_request
async def not_everything(request: sio.HandshakeRequest) -> bool:
    if request.scope["url_route"]["kwargs"]["game"] == "chess":
        raise sio.ConnectionRefused("No chess today")
    return True
