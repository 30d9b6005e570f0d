"""Another URLconf, which middleware sets, and one with languages."""

from __future__ import annotations

import views
from django.conf.urls.i18n import i18n_patterns
from django.urls import path

urlpatterns = [
    path("where", views.where, name="other"),
    path("where-async", views.where_async, name="other-async"),
    *i18n_patterns(
        path("language", views.where, name="language"),
        path("language-async", views.where_async, name="language-async"),
    ),
]
