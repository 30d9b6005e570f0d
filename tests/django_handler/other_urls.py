"""Another URLconf, which middleware sets, and one with languages."""

from __future__ import annotations

import views
from django.conf.urls.i18n import i18n_patterns
from django.urls import path
from django.utils.translation import gettext_lazy

urlpatterns = [
    path("where", views.where, name="other"),
    path("where-async", views.where_async, name="other-async"),
    path(gettext_lazy("Yes"), views.where, name="translated"),  # "Ja" in German
    path("Yes", views.where, name="fixed"),
    path("Yes-async", views.where_async, name="fixed-async"),
    *i18n_patterns(
        path("language", views.where, name="language"),
        path("language-async", views.where_async, name="language-async"),
    ),
]
