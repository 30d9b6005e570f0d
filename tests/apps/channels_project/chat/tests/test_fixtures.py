"""The fixtures that sioserve brings to pytest."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.models import Message
from chat.tests.conversation import client, hear, say

pytestmark = pytest.mark.django_db(transaction=True)


def saying(body: bytes) -> Any:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})

    return application


def test_live_sioserve_shares_the_database(live_sioserve: Any) -> None:
    Message.objects.create(room="one", text="mine")
    assert httpx.get(f"{live_sioserve}/messages/").json() == {"messages": ["mine"]}
    with client(live_sioserve.ws_url, "one") as ann:
        say(ann, "hello")
        assert hear(ann) == "hello"
    assert Message.objects.count() == 2


def test_each_test_gets_an_empty_database(live_sioserve: Any) -> None:
    assert httpx.get(f"{live_sioserve.url}/messages/").json() == {"messages": []}
    assert Message.objects.count() == 0


def test_sioserve_server_serves_any_applications_side_by_side(sioserve_server: Any) -> None:
    first, second = sioserve_server(saying(b"one")), sioserve_server(saying(b"two"))
    assert (httpx.get(first.url).text, httpx.get(second.url).text) == ("one", "two")
    assert httpx.get(sioserve_server("mysite.asgi:application").url).text == "the chat, version one"
