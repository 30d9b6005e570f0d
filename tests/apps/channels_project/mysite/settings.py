"""A chat as in Channels' tutorial. CHAT_FOLDER holds the databases; without it: in memory."""

from __future__ import annotations

import os

FOLDER = os.environ.get("CHAT_FOLDER")

SECRET_KEY = "only for tests"
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "mysite.urls"
ASGI_APPLICATION = "mysite.asgi.application"
INSTALLED_APPS = [
    "sioserve",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "chat",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


def database(name: str) -> dict[str, object]:
    if FOLDER is None:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{FOLDER}/{name}.sqlite3",
        "OPTIONS": {"timeout": 20},
        "TEST": {"NAME": f"{FOLDER}/test_{name}.sqlite3"},
    }


DATABASES = {"default": database("chat"), "archive": database("archive")}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
USE_TZ = True
