"""Socket.IO handlers in Django's test cases: within the test's transaction, sync code included."""

from __future__ import annotations

from typing import Any

import sio
from django.contrib.auth.models import AnonymousUser, User
from django.test import AsyncClient, TestCase, TransactionTestCase
from sioserve.testing import sio_client

from chat.models import Message


class Notes(sio.SocketIOConsumer):
    namespace = "/notes"

    async def event_add(self, socket: Any, text: str) -> None:
        await Message.objects.acreate(room="one", text=text)

    def event_add_sync(self, socket: Any, text: str) -> None:
        Message.objects.create(room="one", text=text)

    def event_texts(self, socket: Any, ack: Any = None) -> None:
        ack(list(Message.objects.order_by("pk").values_list("text", flat=True)))

    async def event_who(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.user.get_username())


class SameTransactionTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        Message.objects.create(room="one", text="from setUpTestData")

    async def test_handlers_and_the_test_see_each_other(self) -> None:
        await Message.objects.acreate(room="one", text="from the test")
        async with sio_client(Notes) as c:
            await c.call("add", "async")
            await c.call("add_sync", "sync")
            expected = ["from setUpTestData", "from the test", "async", "sync"]
            self.assertEqual(await c.call("texts"), expected)
        self.assertEqual(await Message.objects.acount(), 4)

    async def test_each_test_starts_without_state(self) -> None:
        async with sio_client(Notes) as c:
            self.assertEqual(await c.call("texts"), ["from setUpTestData"])

    async def test_user(self) -> None:
        ann = await User.objects.acreate(username="ann")
        async with sio_client(Notes, user=ann) as c, sio_client(Notes) as nobody:
            self.assertEqual(await c.call("who"), "ann")
            self.assertEqual(await nobody.call("who"), "")
            self.assertIsInstance(nobody.socket.user, AnonymousUser)

    async def test_cookies_of_django_s_client(self) -> None:
        ann = await User.objects.acreate(username="ann")
        client = AsyncClient()
        await login(client, ann)
        async with sio_client(Notes, cookies=client.cookies) as c:
            self.assertEqual(await c.call("who"), "ann")
            self.assertEqual(c.socket.session["_auth_user_id"], str(ann.pk))


class TransactionTests(TransactionTestCase):
    async def test_handlers_and_the_test_see_each_other(self) -> None:
        async with sio_client(Notes) as c:
            await c.call("add_sync", "sync")
            await c.call("add", "async")
            self.assertEqual(await c.call("texts"), ["sync", "async"])


async def login(client: AsyncClient, user: User) -> None:
    if hasattr(client, "aforce_login"):
        await client.aforce_login(user)
        return
    from asgiref.sync import sync_to_async

    await sync_to_async(client.force_login)(user)
