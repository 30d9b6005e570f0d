"""The stored messages in Django's admin."""

from django.contrib import admin
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from .models import Membership, Message, Room


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]
    readonly_fields = ["delivered", "read"]


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "is_open", "topic"]
    list_filter = ["is_open"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    list_display = ["sent", "content", "author", "room"]  # a phone shows the first two
    ordering = ["-sent_at"]
    list_filter = ["room", "author"]
    list_select_related = ["room", "author"]
    search_fields = ["text"]
    date_hierarchy = "sent_at"
    readonly_fields = ["picture", "image_type", "client_id"]
    exclude = ["image"]

    class Media:
        css = {"all": ["chat/admin.css"]}

    @admin.display(description="text")
    def content(self, message: Message) -> str:
        text = message.text[:80]
        return format_html("{} {}", self.picture(message), text) if message.image else text

    @admin.display(description="image")
    def picture(self, message: Message) -> SafeString | str:
        if not message.image:
            return "-"
        return format_html(
            '<img src="{}" alt="" style="max-height: 40px">', reverse("image", args=[message.pk])
        )

    @admin.display(description="sent", ordering="sent_at")
    def sent(self, message: Message) -> str:
        return date_format(localtime(message.sent_at), "j M, H:i")

    def has_add_permission(self, request) -> bool:
        return False
