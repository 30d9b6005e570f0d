"""All database queries of the chat. Synchronous: the consumer runs them in a thread.

Users and rooms are checked here, so that no caller can forget it.
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.urls import reverse

from .models import Membership, Message, Room
from .validation import Refused

PAGE = 50


def membership(user: AbstractBaseUser, slug: str) -> Membership:
    """The user's membership, with its room. Raises Refused if there is none."""
    try:
        return Membership.objects.select_related("room").get(user=user, room__slug=slug)
    except Membership.DoesNotExist:
        raise Refused("You are not in this room.") from None


def describe(message: Message) -> dict[str, Any]:
    """A message as clients get it; an image as its address and media type."""
    image = None
    if message.image:
        image = {"url": reverse("image", args=[message.pk]), "type": message.image_type}
    return {
        "id": message.pk,
        "client_id": message.client_id,
        "author": message.author.get_username(),
        "text": message.text,
        "image": image,
        "sent_at": message.sent_at.isoformat(),
    }


def slugs_of(user: AbstractBaseUser) -> list[str]:
    return list(Membership.objects.filter(user=user).values_list("room__slug", flat=True))


def rooms_of(user: AbstractBaseUser) -> list[dict[str, Any]]:
    """The user's rooms, with the newest message and the number of unread messages of each."""
    memberships = (
        Membership.objects.filter(user=user)
        .select_related("room")
        .annotate(
            unread=Count(
                "room__messages",
                filter=Q(room__messages__id__gt=F("read")) & ~Q(room__messages__author=user),
            ),
            newest=Max("room__messages__id"),
        )
        .order_by("room__name")
    )
    newest = Message.objects.select_related("author").in_bulk(
        [m.newest for m in memberships if m.newest]
    )
    return [
        {
            "slug": m.room.slug,
            "name": m.room.name,
            "topic": m.room.topic,
            "is_open": m.room.is_open,
            "unread": m.unread,
            "newest": describe(newest[m.newest]) if m.newest else None,
        }
        for m in memberships
    ]


def rooms_to_join(user: AbstractBaseUser) -> list[dict[str, Any]]:
    """Open rooms that the user is not in."""
    rooms = Room.objects.filter(is_open=True).exclude(members=user)
    return [{"slug": r.slug, "name": r.name, "topic": r.topic} for r in rooms]


def receipts(room: Room) -> dict[str, dict[str, int]]:
    """For each member: the newest message delivered to them and the newest they have read."""
    rows = Membership.objects.filter(room=room).values_list("user__username", "delivered", "read")
    return {name: {"delivered": delivered, "read": read} for name, delivered, read in rows}


def history(user: AbstractBaseUser, slug: str, before: int | None) -> dict[str, Any]:
    """The newest messages of a room (older than `before`), oldest first, and its members."""
    room = membership(user, slug).room
    messages = room.messages.select_related("author").order_by("-id")
    if before is not None:
        messages = messages.filter(id__lt=before)
    page = list(messages[: PAGE + 1])
    return {
        "messages": [describe(m) for m in reversed(page[:PAGE])],
        "more": len(page) > PAGE,
        "receipts": receipts(room),
    }


def join(user: AbstractBaseUser, slug: str) -> None:
    """Make the user a member of an open room. Earlier messages count as read."""
    room = Room.objects.filter(slug=slug, is_open=True).first()
    if room is None:
        raise Refused("This room can't be joined.")
    newest = room.messages.aggregate(newest=Max("id"))["newest"] or 0
    Membership.objects.get_or_create(
        room=room, user=user, defaults={"delivered": newest, "read": newest}
    )


def add_message(
    user: AbstractBaseUser,
    slug: str,
    client_id: str,
    text: str,
    image: tuple[bytes, str, str] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Store a message; the second value is false if it was already stored by an earlier attempt."""
    room = membership(user, slug).room
    with transaction.atomic():
        known = Message.objects.filter(author=user, client_id=client_id).first()
        if known is not None:
            if known.room_id != room.pk:
                raise Refused("This “client_id” has been used in another room.")
            return describe(known), False
        message = Message(room=room, author=user, client_id=client_id, text=text)
        if image is not None:
            data, message.image_type, extension = image
            message.image.save(f"image{extension}", ContentFile(data), save=False)
        message.save()
        # Authors have already read their own messages.
        advance(user, room, {"delivered": message.pk, "read": message.pk})
    return describe(message), True


def advance(user: AbstractBaseUser, room: Room, marks: dict[str, int]) -> bool:
    """Move the user's marks forward, never back; true if one moved."""
    moved = 0
    for name, message_id in marks.items():
        behind = Membership.objects.filter(user=user, room=room, **{f"{name}__lt": message_id})
        moved += behind.update(**{name: message_id})
    return moved > 0


def mark(user: AbstractBaseUser, slug: str, up_to: int, *, read: bool) -> dict[str, int] | None:
    """Note that messages were delivered to the user, or read.

    Returns the user's marks if they moved, None otherwise.
    """
    found = membership(user, slug)
    newest = found.room.messages.filter(id__lte=up_to).aggregate(newest=Max("id"))["newest"]
    if newest is None:
        return None
    marks = {"delivered": newest, "read": newest} if read else {"delivered": newest}
    if not advance(user, found.room, marks):
        return None
    found.refresh_from_db()
    return {"delivered": found.delivered, "read": found.read}


def mark_all_delivered(user: AbstractBaseUser) -> dict[str, dict[str, int]]:
    """The user has connected and has received all messages. Returns the marks that moved."""
    moved = {}
    for room in rooms_of(user):
        if room["newest"] is None:
            continue
        marks = mark(user, room["slug"], room["newest"]["id"], read=False)
        if marks is not None:
            moved[room["slug"]] = marks
    return moved
