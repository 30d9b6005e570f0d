"""The actions of random clients and the messages that they received, and a check of both.

Each action has a start and an end, counted by one clock. The server carries it out at some time in
between. So a message must arrive at the clients that were in one of its rooms during the whole
action; it may arrive at those that were in a room for a part of it; it must not arrive at others.
For excluded rooms the opposite is true.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

# A room that stands for all sockets of the namespace.
EVERYBODY = ""


@dataclasses.dataclass
class Stay:
    """The time of a socket in a room."""

    room: str
    entering: float
    entered: float = math.inf
    leaving: float = math.inf
    left: float = math.inf

    def overlaps(self, message: Message) -> bool:
        return self.entering <= message.ended and message.begun <= self.left

    def covers(self, message: Message) -> bool:
        return self.entered < message.begun and message.ended < self.leaving


@dataclasses.dataclass
class Message:
    """A message that `sender`, a connection of a Life, has asked the server to emit."""

    sender: int
    number: int
    life: Life
    rooms: list[str]
    but: list[str]
    others: bool  # all except the sender
    volatile: bool
    begun: float
    ended: float = math.inf

    @property
    def key(self) -> tuple[int, int]:
        return self.sender, self.number


class Life:
    """One socket in one namespace, from its connect to its disconnect.

    It may have several connections if lost ones are recovered.
    """

    def __init__(self, player: int, namespace: str, entering: float) -> None:
        self.player = player
        self.namespace = namespace
        self.id = ""
        self.heard: list[tuple[int, int]] = []
        self.offset: str | None = None  # of the last received packet, for recovery
        self.recovery_id: str | None = None
        self.stays = [Stay(EVERYBODY, entering)]
        # Everything that the server had done by this time has been received.
        self.heard_until = 0.0

    def __repr__(self) -> str:
        return f"player {self.player}'s socket {self.id!r} in {self.namespace}"

    def begin(self, id: str, now: float) -> None:
        self.id = id
        [everybody] = self.stays
        everybody.entered = now
        self.stays.append(Stay(id, everybody.entering, now))

    @property
    def rooms(self) -> list[str]:
        """The rooms that it has joined and not begun to leave."""
        own = (EVERYBODY, self.id)
        return [
            stay.room
            for stay in self.stays
            if stay.room not in own and stay.entered != math.inf and stay.leaving == math.inf
        ]

    def end(self) -> None:
        """Nothing more will be received, and the latest messages may be lost."""
        for stay in self.stays:
            stay.leaving = min(stay.leaving, self.heard_until)

    def gone(self, now: float) -> None:
        """The server has noticed by now that it has disconnected."""
        for stay in self.stays:
            stay.left = min(stay.left, now)

    def is_surely_in(self, rooms: Iterable[str], message: Message) -> bool:
        return any(stay.covers(message) for stay in self.stays if stay.room in rooms)

    def may_be_in(self, rooms: Iterable[str], message: Message) -> bool:
        return any(stay.overlaps(message) for stay in self.stays if stay.room in rooms)

    def must_hear(self, message: Message) -> bool:
        return (
            not message.volatile
            and self.namespace == message.life.namespace
            and self.is_surely_in(message.rooms or [EVERYBODY], message)
            and not self.may_be_in(message.but, message)
            and not (message.others and message.life is self)
        )

    def may_hear(self, message: Message) -> bool:
        return (
            self.namespace == message.life.namespace
            and self.may_be_in(message.rooms or [EVERYBODY], message)
            and not self.is_surely_in(message.but, message)
            and not (message.others and message.life is self)
        )


def check(lives: list[Life], messages: list[Message]) -> int:
    """Asserts that each socket has received all of its messages and no others; returns their
    number.
    """
    by_key = {message.key: message for message in messages}
    for life in lives:
        last: dict[int, int] = {}
        for sender, number in life.heard:
            message = by_key[sender, number]
            assert last.get(sender, -1) < number, f"{life} heard out of order or twice: {message}"
            last[sender] = number
            assert life.may_hear(message), f"{life} heard what was not for it: {message}"
        heard = set(life.heard)
        for message in messages:
            if message.key not in heard:
                assert not life.must_hear(message), f"{life} did not hear {message}: {life.stays}"
    return sum(len(life.heard) for life in lives)
