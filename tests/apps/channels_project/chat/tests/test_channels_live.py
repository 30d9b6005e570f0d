"""Channels' own live-server test case, with sioserve as the server process."""

from __future__ import annotations

import httpx
from channels.db import database_sync_to_async
from channels.testing import ChannelsLiveServerTestCase

from chat.models import Message
from chat.tests.conversation import archive, client, hear, say


class ChatTests(ChannelsLiveServerTestCase):
    databases = {"default", "archive"}

    def test_only_members_of_a_room_get_a_message(self) -> None:
        url = self.live_server_ws_url
        with client(url, "one") as ann, client(url, "one") as bob, client(url, "two") as eve:
            say(ann, "hello")
            self.assertEqual((hear(ann), hear(bob)), ("hello", "hello"))
            say(eve, "to myself")
            self.assertEqual(hear(eve), "to myself")

    def test_the_server_and_the_test_share_the_databases(self) -> None:
        with client(self.live_server_ws_url, "three") as ann:
            say(ann, "kept")
            hear(ann)
        self.assertEqual(Message.objects.get().text, "kept")
        Message.objects.create(room="three", text="from the test")
        self.assertEqual(archive(self.live_server_ws_url, "three"), ["kept", "from the test"])
        Message.objects.using("archive").create(room="old", text="archived")
        self.assertEqual(httpx.get(f"{self.live_server_url}/archived/").json(), {"count": 1})

    def test_pages_and_static_files(self) -> None:
        self.assertEqual(httpx.get(self.live_server_url).text, "the chat, version one")
        style = httpx.get(f"{self.live_server_url}/static/chat/chat.css")
        self.assertEqual(style.text, "body { color: teal; }\n")


class AfterAsyncTests(ChannelsLiveServerTestCase):
    """A forked server does not have the threads of its parent, and must not wait for them."""

    databases = {"default", "archive"}

    async def test_asynchronous_database_access_in_the_test(self) -> None:
        self.assertEqual(await database_sync_to_async(Message.objects.count)(), 0)


class AfterAsyncStillTests(ChannelsLiveServerTestCase):
    databases = {"default", "archive"}

    def test_the_next_server_reaches_the_database(self) -> None:
        with client(self.live_server_ws_url, "four") as ann:
            say(ann, "hello")
            self.assertEqual(hear(ann), "hello")
