"""The chat over Socket.IO, without a server: `python manage.py test`."""

from contextlib import AsyncExitStack
from typing import Any

from django.contrib.auth.models import User
from django.test import TestCase
from sio import ConnectionRefused
from sioserve.testing import sio_client

from .consumers import ChatConsumer
from .models import Membership, Message, Room


class ChatTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.ann, cls.bob, cls.eve = (User.objects.create(username=n) for n in ("ann", "bob", "eve"))
        room = Room.objects.create(slug="lobby", name="Lobby")
        Membership.objects.create(room=room, user=cls.ann)
        Membership.objects.create(room=room, user=cls.bob)

    def setUp(self) -> None:
        self.message = {
            "room": "lobby",
            "client_id": "11111111-2222-4333-8444-555555555555",
            "text": "hello",
        }

    async def test_a_message_reaches_the_members_of_its_room(self) -> None:
        async with AsyncExitStack() as stack:
            ann, bob, eve = [
                await stack.enter_async_context(sio_client(ChatConsumer, user=user))
                for user in (self.ann, self.bob, self.eve)
            ]
            answer = await ann.call("chat_message", self.message)
            self.assertTrue(answer["ok"])
            received = await bob.receive("message")
            self.assertEqual(received, {"room": "lobby", "message": answer["message"]})
            await eve.settle()
            self.assertNotIn("message", [event[0] for event in eve.received])
        self.assertEqual((await Message.objects.aget()).text, "hello")

    async def test_a_receipt_tells_who_has_read(self) -> None:
        async with (
            sio_client(ChatConsumer, user=self.ann) as ann,
            sio_client(ChatConsumer, user=self.bob) as bob,
        ):
            bob.answer("confirm", "read")
            number = (await ann.call("chat_message", self.message))["message"]["id"]
            receipt = await self.receipt_of(ann, "bob")
            self.assertEqual((receipt["delivered"], receipt["read"]), (number, number))

    async def receipt_of(self, client: Any, name: str) -> dict[str, Any]:
        while (receipt := await client.receive("receipt"))["user"] != name:
            pass
        return receipt

    async def test_a_stranger_may_not_write(self) -> None:
        async with sio_client(ChatConsumer, user=self.eve) as eve:
            answer = await eve.call("chat_message", self.message)
        self.assertEqual(answer, {"ok": False, "error": "You are not in this room."})
        self.assertEqual(await Message.objects.acount(), 0)

    async def test_who_is_not_logged_in_is_refused(self) -> None:
        with self.assertRaises(ConnectionRefused) as refusal:
            async with sio_client(ChatConsumer):
                pass
        self.assertEqual(refusal.exception.message, "Not authorized")

    async def test_others_see_who_comes_and_goes(self) -> None:
        async with sio_client(ChatConsumer, user=self.ann) as ann:
            await ann.receive("presence")  # for her own connection
            async with sio_client(ChatConsumer, user=self.bob):
                self.assertEqual(await ann.receive("presence"), {"user": "bob", "online": True})
            self.assertEqual(await ann.receive("presence"), {"user": "bob", "online": False})
