"""URLs of the Django project that the black-box tests run."""

from __future__ import annotations

import site_views as views
from django.contrib import admin
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

urlpatterns = [
    path("admin/", admin.site.urls),
    path("sync/", views.sync_view),
    path("async/", views.async_view),
    path("stream-sync/", views.stream_sync),
    path("stream-async/", views.stream_async),
    path("stream-for-ever/", views.stream_for_ever),
    path("only-get/", csrf_exempt(views.OnlyGet.as_view())),
    path("form/", views.form),
    path("upload/", views.upload),
    path("fail-sync/", views.fail_sync),
    path("fail-async/", views.fail_async),
    path("session/", views.session),
    path("whoami/", views.whoami),
    path("file/", views.file),
    path("seen/", views.seen),
    path("counted/", views.counted),
    path("wait-for-ever/", views.wait_for_ever),
    path("context/", views.context),
    path("threads/", views.threads),
    path("connections/", views.connections_open),
    path("thread-and-connections/", views.thread_and_connections),
    path("cookies/", views.cookies),
    path("cookies-sent/", views.cookies_sent),
    path("compressed/", gzip_page(views.compressible)),
    path("where-the-upload-is/", views.where_the_upload_is),
]
