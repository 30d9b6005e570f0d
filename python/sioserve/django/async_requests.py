"""AsyncRequest: a request whose view is asynchronous runs on the event loop.

It serves all requests where there are no threads of the server (another ASGI server, tests).
"""

from __future__ import annotations

from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.urls import set_script_prefix

from sioserve.django.client import cancel_if_client_leaves
from sioserve.django.made_response import MadeResponse
from sioserve.django.responses import send_stream, whole_messages
from sioserve.django.signals import close_response, send_request_finished, send_request_started


class AsyncRequest:
    """One request. serve() is called once."""

    def __init__(self, handler: Any, request: Any, prefix: str) -> None:
        """`prefix` is what reverse() puts before paths (SCRIPT_NAME)."""
        self._handler = handler
        self._request = request
        self._prefix = prefix
        self._made = MadeResponse(request)

    async def serve(self, receive: Any, send: Any) -> None:
        """Returns also when the client has left."""
        set_script_prefix(self._prefix)
        await send_request_started(self._request.scope)
        is_cancelled = True
        try:
            is_cancelled = await cancel_if_client_leaves(self._respond(send), receive)
        finally:
            if is_cancelled:
                await self._made.wait()
            if self._made.response is None:
                await send_request_finished()
                self._request.close()
            else:
                await close_response(self._made.response, self._request)

    async def _respond(self, send: Any) -> None:
        response = await self._handler.get_response_async(self._request)
        response._handler_class = ASGIHandler
        self._made.response, self._made.thread_may_work = response, False
        match = self._request.resolver_match
        if response.streaming:
            await send_stream(response, self._request.scope, send, match=match)
            return
        for message in whole_messages(response, match=match):
            await send(message)


async def refuse(response: Any, scope: Any, send: Any) -> None:
    """Answer a request that Django cannot read."""
    await send_request_started(scope)
    response._handler_class = ASGIHandler
    for message in whole_messages(response):
        await send(message)
    await close_response(response, None)
