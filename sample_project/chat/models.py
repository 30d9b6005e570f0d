"""Rooms, their members and how far they have read, and messages."""

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone


class Room(models.Model):
    """A chat room. Every user can join an open room; other rooms need the admin."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    topic = models.CharField(max_length=200, blank=True)
    is_open = models.BooleanField("anyone may join", default=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="rooms"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user in a room. Message ids grow, so one number says how far they have got."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    delivered = models.PositiveBigIntegerField(default=0, help_text="newest message id received")
    read = models.PositiveBigIntegerField(default=0, help_text="newest message id seen")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "user"], name="one_membership_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"


def image_path(message: "Message", filename: str) -> str:
    """The path of a shared image: a random name, without any input of the client."""
    return f"images/{uuid4().hex}{Path(filename).suffix}"


class Message(models.Model):
    """A user's message in a room: text, an image, or an image with a caption."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.TextField(blank=True)
    image = models.FileField(upload_to=image_path, blank=True)
    image_type = models.CharField(max_length=20, blank=True)
    sent_at = models.DateTimeField(default=timezone.now)
    # The client's own id of the message, so that a message that is sent again is not stored twice.
    client_id = models.CharField(max_length=40)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["room", "id"])]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "client_id"], name="one_message_per_client_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:40] or 'image'}"
