"""Live servers in the test's process: the server and the test share in-memory databases."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import httpx
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.db import connections
from django.test import LiveServerTestCase as DjangoLiveServerTestCase
from django.test import SimpleTestCase
from sioserve.testing import LiveServerMixin, LiveServerTestCase
from sioserve.testing.connections import shared_connections

from chat.models import Message
from chat.tests.conversation import archive, client, hear, say


class ChatTests(LiveServerTestCase):
    databases = {"default", "archive"}

    def test_all_members_of_a_room_get_a_message(self) -> None:
        url = self.live_server_ws_url
        with client(url, "one") as ann, client(url, "one") as bob:
            say(ann, "hello")
            self.assertEqual((hear(ann), hear(bob)), ("hello", "hello"))

    def test_the_test_sees_what_the_server_has_written(self) -> None:
        with client(self.live_server_ws_url, "one") as ann:
            say(ann, "kept")
            hear(ann)
        self.assertEqual(Message.objects.get().text, "kept")

    def test_views_and_consumers_see_what_the_test_has_written(self) -> None:
        Message.objects.create(room="one", text="mine")
        expected = {"messages": ["mine"]}
        self.assertEqual(httpx.get(f"{self.live_server_url}/messages/").json(), expected)
        self.assertEqual(httpx.get(f"{self.live_server_url}/messages-async/").json(), expected)
        self.assertEqual(archive(self.live_server_ws_url, "one"), ["mine"])
        self.assertEqual(httpx.get(f"{self.live_server_url}/archived/").json(), {"count": 0})

    def test_static_files_of_the_applications(self) -> None:
        style = httpx.get(f"{self.live_server_url}/static/chat/chat.css")
        self.assertEqual(style.text, "body { color: teal; }\n")

    def test_the_server_is_sioserve(self) -> None:
        self.assertEqual(httpx.get(self.live_server_url).headers["server"], "sioserve")


class StaticTests(LiveServerMixin, StaticLiveServerTestCase):
    def test_static_files_of_the_applications(self) -> None:
        style = httpx.get(f"{self.live_server_url}/static/chat/chat.css")
        self.assertEqual(style.text, "body { color: teal; }\n")


class RootTests(LiveServerMixin, DjangoLiveServerTestCase):
    def test_static_files_come_from_static_root_only(self) -> None:
        style = httpx.get(f"{self.live_server_url}/static/chat/chat.css")
        self.assertEqual(style.status_code, 404)


class SharingTests(SimpleTestCase):
    databases = {"default"}

    def test_a_thread_has_the_shared_connection_as_long_as_it_is_shared(self) -> None:
        def in_thread() -> Any:
            return thread.submit(lambda: connections["default"]).result()

        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as thread:
            own = in_thread()
            self.assertIsNot(own, connections["default"])
            with shared_connections({"default": connections["default"]}):
                self.assertIs(in_thread(), connections["default"])
            self.assertIs(in_thread(), own)
