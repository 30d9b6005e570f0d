"""A bridge from Channels' channel layer to rooms, for code that was written for django-sio.

In django-sio every room was a group of the channel layer, and other processes sent to it with

    await channel_layer.group_send(
        "sio__chat_lobby",                       # group_name("/chat", "lobby")
        {"type": "sio.broadcast", "header": '2/chat,["news",1]', "attachments": []},
    )

where `header` is the text of a Socket.IO packet. While a channel layer is configured, the bridge
joins the group of each room in use. Each group has its own channel and task, because a message does
not contain the name of its group. Emitting through the API does not use the channel layer.

A group's name is ASCII and cut to a maximum length, so several rooms may share one group. Then the
room of a message is unknown, and the message is dropped, with a log line, so that no other room
gets it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import re
import threading
from collections.abc import Coroutine
from typing import Any

from .awaitables import DONE, Done, Later
from .django_support import django_configured
from .names import check_event
from .socketio.constants import SIO_BINARY_EVENT, SIO_EVENT
from .socketio.protocol import SocketIOPacket, SocketIOParser
from .socketio.server import SocketIOServer
from .socketio.target import Target

logger = logging.getLogger("sio.channel_layer")

SETTING = "SIO_CHANNEL_LAYER"
MESSAGE_TYPE = "sio.broadcast"

MAX_GROUP_NAME = 99
CAPACITY = 10_000  # messages that a layer in this process keeps for a channel of the bridge
PATIENCE = 5.0  # seconds that an awaited join() waits for the layer
CALLS_AT_ONCE = 20  # concurrent calls that join or leave groups
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # seconds between attempts while the layer fails
# Seconds after which groups are entered again, because group memberships expire; at most half of
# the layer's expiry time. A layer in memory drops them earlier, when messages have expired.
RENEWAL = 3600.0
RENEWAL_IN_MEMORY = 5.0

_NOT_IN_GROUPS = re.compile(r"[^0-9A-Za-z_\-.]")


def group_name(namespace: str, room: str) -> str:
    """The group that code for django-sio sends to for this room."""
    name = f"sio_{_NOT_IN_GROUPS.sub('_', namespace)}_{_NOT_IN_GROUPS.sub('_', room)}"
    return name[:MAX_GROUP_NAME]


def configured_layer() -> Any:
    """The channel layer of the Django project, or None.

    It is "default"; SIO_CHANNEL_LAYER sets another name, or None to disable it. If it can't be
    created, this is logged, and None is returned.
    """
    if not django_configured():
        return None
    from django.conf import settings

    alias = getattr(settings, SETTING, "default")
    if alias is None or alias not in getattr(settings, "CHANNEL_LAYERS", {}):
        return None
    try:
        from channels.layers import channel_layers

        return channel_layers[alias]
    except Exception:
        logger.exception(
            "the channel layer %r can't be used; messages to the groups of rooms are not delivered "
            "(set %s = None to disable them)",
            alias,
            SETTING,
        )
        return None


class ChannelLayerBridge:
    """Forwards messages from one channel layer to the rooms of one server.

    Create, open and close it on the event loop's thread; the rest may be called from any thread.
    """

    def __init__(self, server: SocketIOServer, layer: Any) -> None:
        self.layer = layer
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._groups: dict[str, Group] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: set[Group] = set()
        self._closed = False
        self.own_channels = BridgeChannels()
        # Each call may need a connection to Redis.
        self.calls = asyncio.Semaphore(CALLS_AT_ONCE)

    def open(self) -> None:
        """Serve rooms from now on, also those that are already in use."""
        _raise_capacity(self.layer, self.own_channels)
        self._server.room_watcher = self
        for namespace in self._server.namespaces():
            with namespace.rooms_lock:  # later changes are reported after this
                for room in namespace.rooms():
                    self.room_created(namespace.name, room)
        self._start(self._renew())
        logger.debug("the channel layer %s is connected to the rooms", type(self.layer).__name__)

    async def close(self, timeout: float = 2.0) -> None:
        """Leave all groups, as far as the layer answers within `timeout` seconds."""
        if self._server.room_watcher is self:
            self._server.room_watcher = None
        with self._lock:
            self._closed = True
            groups, self._groups = list(self._groups.values()), {}
        for group in groups:
            group.stop()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)

    # --- for adapters ---

    def room_created(self, namespace: str, room: str) -> None:
        """The first socket has joined a room."""
        name = group_name(namespace, room)
        with self._lock:
            if self._closed:
                return
            group = self._groups.get(name)
            if group is None:
                group = self._groups[name] = Group(self, name)
                self._call(group.start)
            group.rooms[namespace, room] = None

    def room_deleted(self, namespace: str, room: str) -> None:
        """The last socket has left a room."""
        name = group_name(namespace, room)
        with self._lock:
            group = self._groups.get(name)
            if group is None:
                return
            group.rooms.pop((namespace, room), None)
            if not group.rooms:
                del self._groups[name]
                self._call(group.stop)

    def joined(self, namespace: str, room: str) -> Done:
        """Done when messages to the room's group arrive here."""
        group = self._groups.get(group_name(namespace, room))
        return (
            DONE
            if group is None or group.is_ready or self._failing
            else Later(group.wait_until_ready)
        )

    # --- for groups ---

    def start_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._start(work)

    def failed(self, group: Group, error: Exception) -> None:
        """Log a failure once, until the layer works again."""
        first = not self._failing
        self._failing.add(group)
        if first:
            logger.error(
                "the channel layer fails: messages to the groups of rooms are not delivered until "
                "it works again",
                exc_info=error,
            )

    def worked(self, group: Group) -> None:
        """The layer works: it has joined its group."""
        if group in self._failing:
            self._failing.remove(group)
            if not self._failing:
                logger.info("the channel layer works again")

    def given_up(self, group: Group) -> None:
        """The group is not needed any more."""
        self._failing.discard(group)

    def deliver(self, group: Group, message: Any) -> None:
        """Emit a message of the group to its room."""
        if not isinstance(message, dict) or message.get("type") != MESSAGE_TYPE:
            logger.debug("group %s: not a %s message", group.name, MESSAGE_TYPE)
            return
        try:
            packet = _packet_of(message)
            event, *args = packet.data
            check_event(event)
            room = group.room_in(packet.namespace)
            namespace = self._server.find(packet.namespace)
            if room is not None and namespace is not None:
                # The other servers of a cluster get the message through the layer, too.
                target = Target(frozenset({room}), local=True)
                namespace.adapter.broadcast((event, *args), target)
        except (TypeError, ValueError, RuntimeError) as error:
            logger.warning("group %s: a message can't be emitted: %s", group.name, error)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _call(self, function: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is nothing to serve
            self._loop.call_soon_threadsafe(function)

    async def _renew(self) -> None:
        in_memory = type(self.layer).__name__ == "InMemoryChannelLayer"
        expiry = getattr(self.layer, "group_expiry", None) or 2 * RENEWAL
        interval = RENEWAL_IN_MEMORY if in_memory else min(expiry / 2, RENEWAL)
        while True:
            await asyncio.sleep(interval)
            for group in tuple(self._groups.values()):
                await group.reenter()


class Group:
    """One group, and the rooms that share its name.

    Its task joins the group and waits for messages; after a failure it starts again.
    """

    def __init__(self, bridge: ChannelLayerBridge, name: str) -> None:
        self.name = name
        self.rooms: dict[tuple[str, str], None] = {}  # pairs of namespace and room
        self._bridge = bridge
        self._channel: str | None = None
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._task: asyncio.Task[None] | None = None
        self._has_logged_sharing = False
        self._stopped = False  # some layers turn a cancellation into another exception

    @property
    def is_ready(self) -> bool:
        """Done when the group was joined, or the first attempt has failed."""
        return self._ready.done()

    def set_ready(self) -> None:
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self._ready.set_result(None)

    async def wait_until_ready(self) -> None:
        """Wait, but not forever. On any event loop."""
        ready = asyncio.wrap_future(self._ready)
        await asyncio.wait([ready], timeout=PATIENCE)  # does not cancel it

    def start(self) -> None:
        self._task = self._bridge.start_task(self._serve())

    def stop(self) -> None:
        self._stopped = True
        self.set_ready()
        if self._task is not None:
            self._task.cancel()

    async def reenter(self) -> None:
        """A layer may have dropped the group. Failures are handled by the task that receives."""
        if self._channel is not None and self.is_ready:
            with contextlib.suppress(Exception):
                await self._bridge.layer.group_add(self.name, self._channel)

    def room_in(self, namespace: str) -> str | None:
        """The room of this namespace that a message is for; None if that is unknown."""
        rooms = [room for name, room in tuple(self.rooms) if name == namespace]
        if len(rooms) == 1:
            return rooms[0]
        if rooms and not self._has_logged_sharing:
            self._has_logged_sharing = True
            logger.error(
                "messages to the group %s are dropped: it belongs to %d rooms of namespace %s, "
                "%r and %r among them; use SocketIOServer.emit() instead",
                self.name,
                len(rooms),
                namespace,
                rooms[0],
                rooms[1],
            )
        return None

    async def _serve(self) -> None:
        bridge, layer = self._bridge, self._bridge.layer
        delay = FIRST_DELAY
        try:
            while not self._stopped:
                try:
                    if self._channel is None:
                        self._channel = await layer.new_channel()
                        bridge.own_channels.add(self._channel)
                    async with bridge.calls:
                        await layer.group_add(self.name, self._channel)
                    self.set_ready()
                    bridge.worked(self)
                    while not self._stopped:
                        message = await layer.receive(self._channel)
                        delay = FIRST_DELAY
                        bridge.deliver(self, message)
                except Exception as error:
                    if self._stopped:
                        break
                    bridge.failed(self, error)
                    self.set_ready()
                    await asyncio.sleep(delay)
                    delay = min(2 * delay, LONGEST_DELAY)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        self._bridge.given_up(self)
        if self._channel is not None:
            self._bridge.own_channels.remove(self._channel)
            with contextlib.suppress(Exception):
                async with self._bridge.calls:
                    await self._bridge.layer.group_discard(self.name, self._channel)


class BridgeChannels:
    """Used as a pattern in a layer's table of capacities; matches the bridge's channels."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, channel: str) -> None:
        self._names.add(channel)

    def remove(self, channel: str) -> None:
        self._names.discard(channel)

    def match(self, channel: str) -> bool:
        return channel in self._names


def _raise_capacity(layer: Any, channels: BridgeChannels) -> None:
    """Raise the capacity: layers keep 100 messages per channel by default, too few for a room."""
    capacities = getattr(layer, "channel_capacity", None)
    if isinstance(capacities, dict):  # as InMemoryChannelLayer leaves it
        capacities = layer.compile_capacities(capacities)
    if isinstance(capacities, list):
        layer.channel_capacity = [(channels, CAPACITY), *capacities]


def _packet_of(message: dict[str, Any]) -> SocketIOPacket:
    """The event in a message. Raises ValueError for anything else."""
    header, attachments = message.get("header"), message.get("attachments") or []
    if not isinstance(header, str):
        raise ValueError("it has no header")
    parser = SocketIOParser(max_attachments=len(attachments))
    packets = parser.feed_eio_message(header, False)
    for attachment in attachments:
        if parser.protocol_error is None:
            packets += parser.feed_eio_message(bytes(attachment), True)
    if parser.protocol_error is not None:
        raise ValueError(parser.protocol_error)
    if len(packets) != 1 or packets[0].type not in (SIO_EVENT, SIO_BINARY_EVENT):
        raise ValueError("it is not one event with its attachments")
    return packets[0]
