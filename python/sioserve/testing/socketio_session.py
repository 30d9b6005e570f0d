"""Session: one client's connection to a SioTestServer, shared by its namespaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import _sioserve
from sio.socketio.protocol import SocketIOPacket, SocketIOParser, encode_packet_to_eio


class Receiver(Protocol):
    """A client in one namespace."""

    def receive_packet(self, packet: SocketIOPacket) -> None:
        """The server has sent this packet."""

    def lost(self) -> None:
        """The session has ended."""

    def is_busy(self) -> bool:
        """Whether it has still to answer an event."""


class Session:
    """Lives on the event loop's thread, as its server does."""

    def __init__(
        self, core: _sioserve.LoopbackServer, number: int, on_end: Callable[[int], None]
    ) -> None:
        self._core = core
        self._number = number
        self._on_end = on_end
        self._parser = SocketIOParser()
        self._receivers: dict[str, Receiver] = {}
        self.is_open = True

    def add(self, namespace: str, receiver: Receiver) -> None:
        """Pass the packets of this namespace to a client."""
        if namespace in self._receivers:
            raise ValueError(f"this client is in the namespace {namespace!r} already")
        self._receivers[namespace] = receiver

    def remove(self, namespace: str) -> None:
        """The client has left the namespace; without namespaces the session is closed."""
        self._receivers.pop(namespace, None)
        if not self._receivers:
            self.leave()

    def send(self, packet: SocketIOPacket) -> None:
        """Raises TypeError for a value that is not JSON."""
        text, attachments = encode_packet_to_eio(packet)
        self._core.receive(self._number, text)
        for attachment in attachments:
            self._core.receive(self._number, attachment)

    def leave(self) -> None:
        """Disconnect without a close packet, like a client that loses its network."""
        if not self.is_open:
            return
        self.take_sent()
        self._core.close_session(self._number)
        self._end()

    def is_busy(self) -> bool:
        return any(receiver.is_busy() for receiver in self._receivers.values())

    def take_sent(self) -> None:
        """Deliver the server's messages to the clients."""
        if not self.is_open:
            return
        is_open = self._core.is_open(self._number)
        for message in self._core.take_sent(self._number):
            binary = isinstance(message, bytes)
            for packet in self._parser.feed_eio_message(message, binary):
                receiver = self._receivers.get(packet.namespace)
                if receiver is not None:
                    receiver.receive_packet(packet)
            if self._parser.protocol_error:
                raise RuntimeError(f"the server sent {message!r}: {self._parser.protocol_error}")
        if not is_open:
            self._core.close_session(self._number)
            self._end()

    def _end(self) -> None:
        self.is_open = False
        self._on_end(self._number)
        for receiver in tuple(self._receivers.values()):
            receiver.lost()
