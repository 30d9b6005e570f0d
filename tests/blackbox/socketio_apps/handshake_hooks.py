"""native.py with functions for origins, for headers and for refused requests."""

from __future__ import annotations

import json

import sio
from native import application

__all__ = ["application"]

server = sio.get_socketio_server()


@server.allow_origin
async def tenants(origin: str) -> bool:
    print(f"asked about {origin}", flush=True)
    return origin.endswith(".tenant.example")


@server.headers
async def shard(headers: dict[str, str | list[str]], request: sio.HandshakeRequest) -> None:
    headers["X-Shard"] = str(request.query.get("shard", "none"))


@server.on_connection_error
def refused(refused: sio.RefusedRequest) -> None:
    report = [refused.code, refused.message, dict(refused.context), refused.request.address]
    print(f"refused {json.dumps(report)}", flush=True)  # in one piece
