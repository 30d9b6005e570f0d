"""Consumers without a server: Channels' communicators."""

from __future__ import annotations

from channels.testing import HttpCommunicator, WebsocketCommunicator
from django.test import TransactionTestCase
from mysite.asgi import application

from chat.models import Message


class ConsumerTests(TransactionTestCase):
    async def test_a_message_comes_back(self) -> None:
        headers = [(b"origin", b"http://localhost")]
        communicator = WebsocketCommunicator(application, "/ws/chat/one/", headers=headers)
        connected, _ = await communicator.connect()
        self.assertTrue(connected)
        await communicator.send_json_to({"message": "hello"})
        self.assertEqual(await communicator.receive_json_from(), {"message": "hello"})
        await communicator.disconnect()
        self.assertEqual(await Message.objects.acount(), 1)

    async def test_a_page(self) -> None:
        communicator = HttpCommunicator(application, "GET", "/", headers=[(b"host", b"localhost")])
        response = await communicator.get_response()
        self.assertEqual(response["body"], b"the chat, version one")
