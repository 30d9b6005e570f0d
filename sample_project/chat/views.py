"""The chat page, the shared images, and a streamed transcript."""

from collections.abc import AsyncIterator

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import aget_object_or_404, get_object_or_404, render
from django.views.decorators.http import require_safe

from .models import Message, Room


@require_safe
@login_required
def chat(request: HttpRequest) -> HttpResponse:
    """The page; it gets its content over Socket.IO."""
    return render(request, "chat/chat.html")


@require_safe
@login_required
def image(request: HttpRequest, message_id: int) -> HttpResponse:
    """A shared image, for members of its room and for users who may see it in the admin."""
    message = get_object_or_404(Message.objects.exclude(image=""), pk=message_id)
    is_member = message.room.membership_set.filter(user=request.user).exists()
    if not is_member and not request.user.has_perm("chat.view_message"):
        raise Http404
    with message.image.open() as file:
        response = HttpResponse(file.read(), content_type=message.image_type)
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
@login_required
async def transcript(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """All messages of a room as text, streamed while they are read from the database."""
    user = await request.auser()
    room = await aget_object_or_404(Room, slug=slug, membership__user=user)
    response = StreamingHttpResponse(
        transcript_lines(room), content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{room.slug}.txt"'
    return response


async def transcript_lines(room: Room) -> AsyncIterator[str]:
    """One line per message, oldest first."""
    yield f"{room.name}\n\n"
    messages = Message.objects.filter(room=room).select_related("author")
    async for message in messages.aiterator(chunk_size=200):
        text = f"{message.text} [image]".strip() if message.image else message.text
        yield f"{message.sent_at:%Y-%m-%d %H:%M} {message.author.get_username()}: {text}\n"
