"""manage.py announce ROOM: emits to a room."""

from __future__ import annotations

from typing import Any

import sio
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("room")

    def handle(self, *args: Any, room: str, **options: Any) -> None:
        sio.get_socketio_server().emit("announced", "command-view", room=room, namespace="/lobby")
