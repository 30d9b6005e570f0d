"""The chat's pages."""

from __future__ import annotations

from chat import views
from django.urls import path

urlpatterns = [
    path("", views.index),
    path("messages/", views.messages),
    path("messages-async/", views.messages_async),
    path("archived/", views.archived),
    path("fail/", views.fail),
    path("slow/", views.slow),
    path("stuck/", views.stuck),
    path("blocked/", views.blocked),
    path("prefix/", views.prefix),
]
