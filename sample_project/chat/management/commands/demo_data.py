"""manage.py demo_data: two users, some rooms and a short history. Can be run repeatedly."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from chat.models import Membership, Message, Room

PASSWORD = "chat-demo"
USERS = {"alice": {"is_staff": True, "is_superuser": True}, "bob": {}}
# slug: name, topic, open to everyone, members
ROOMS = {
    "lobby": ("Lobby", "Say hello", True, ["alice", "bob"]),
    "engineering": ("Engineering", "What we build, and what broke", True, ["alice", "bob"]),
    "design": ("Design", "Screens, colours, words", True, ["alice"]),
    "music": ("Music", "What is playing right now?", True, ["bob"]),
    "backstage": ("Backstage", "Not for everyone", False, ["alice"]),
}
# room, author, hours ago, text
MESSAGES = [
    ("lobby", "alice", 50, "Good morning! The new server is up."),
    ("lobby", "bob", 49.9, "Nice. It answers before I have let go of the mouse button."),
    ("lobby", "alice", 49.8, "Try it with websockets switched off: the page says “polling” then."),
    ("lobby", "bob", 26, "I unplugged my network for a minute. Everything came back by itself."),
    ("lobby", "alice", 25.9, "That is the idea"),
    ("engineering", "bob", 28, "One worker, 10,000 sockets, and the admin still loads at once."),
    (
        "engineering",
        "alice",
        27.5,
        "Heartbeats don't go through Python: a slow view can't hurt.",
    ),
    ("design", "alice", 30, "Light and dark follow the system's setting."),
    ("music", "bob", 31, "Something with a lot of bass."),
    ("backstage", "alice", 29, "Only members see this room."),
]


class Command(BaseCommand):
    help = f"Make the users {' and '.join(USERS)} (password {PASSWORD}), rooms and messages."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        users = {name: self.user(name, flags) for name, flags in USERS.items()}
        for slug, (name, topic, is_open, members) in ROOMS.items():
            room, _ = Room.objects.get_or_create(
                slug=slug, defaults={"name": name, "topic": topic, "is_open": is_open}
            )
            for member in members:
                Membership.objects.get_or_create(room=room, user=users[member])
        for number, (slug, author, hours_ago, text) in enumerate(MESSAGES):
            self.message(f"demo-{number:04}", slug, users[author], hours_ago, text)
        self.stdout.write(f"Log in as {' or '.join(USERS)}, password {PASSWORD}.")

    def user(self, name: str, flags: dict[str, bool]) -> Any:
        """The demo user; an existing one keeps its password."""
        user, created = get_user_model().objects.get_or_create(username=name, defaults=flags)
        if created:
            user.set_password(PASSWORD)
            user.save()
        return user

    def message(self, client_id: str, slug: str, author: Any, hours_ago: float, text: str) -> None:
        """One message of the history, which all members of the room have read."""
        room = Room.objects.get(slug=slug)
        message, created = Message.objects.get_or_create(
            author=author,
            client_id=client_id,
            defaults={
                "room": room,
                "text": text,
                "sent_at": timezone.now() - timedelta(hours=hours_ago),
            },
        )
        if created:
            behind = Membership.objects.filter(room=room, read__lt=message.pk)
            behind.update(delivered=message.pk, read=message.pk)
