"""URLs of the Django project that the black-box tests run."""

from __future__ import annotations

import site_views as views
from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("sync/", views.sync_view),
    path("async/", views.async_view),
    path("stream-sync/", views.stream_sync),
    path("stream-async/", views.stream_async),
    path("stream-for-ever/", views.stream_for_ever),
    path("form/", views.form),
    path("upload/", views.upload),
    path("fail-sync/", views.fail_sync),
    path("fail-async/", views.fail_async),
    path("session/", views.session),
    path("whoami/", views.whoami),
    path("file/", views.file),
    path("seen/", views.seen),
]
