"""native.py with two functions that decide about each handshake."""

from __future__ import annotations

import asyncio
import time

import handlers  # noqa: F401
import sio
from native import application
from notes import note

__all__ = ["application"]

server = sio.get_socketio_server()


@server.allow_request
async def by_token(request: sio.HandshakeRequest) -> bool:
    """`wait` in the query delays the decision by that many seconds."""
    token = request.query.get("token")
    note("asked", request.url, request.address, request.headers.get("x-test"), request.secure)
    if token == "full":
        raise sio.ConnectionRefused('come back "later" ☕')
    if token == "broken":
        raise ValueError("allow_request failed on purpose")
    if "wait" in request.query:
        await asyncio.sleep(float(request.query["wait"]))
    return token == "good"


@server.initial_headers
async def sticky(headers: dict[str, str | list[str]], request: sio.HandshakeRequest) -> None:
    if "node" in request.query:
        headers["Set-Cookie"] = [f"node={request.query['node']}; Path=/", "second=2"]
        headers["X-Node"] = str(request.query["node"])


@server.allow_request
def in_a_thread(request: sio.HandshakeRequest) -> bool:
    if "nap" in request.query:
        time.sleep(0.01)
    return request.scope["query_string"].count(b"second=no") == 0
