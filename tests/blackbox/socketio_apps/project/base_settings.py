"""The common settings of the native and the routed project."""

from __future__ import annotations

import os
import pathlib

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["127.0.0.1", ".example.com"]
DEBUG = False
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "announcing",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": pathlib.Path(os.environ["PROJECT_FOLDER"]) / "db.sqlite3",
        "OPTIONS": {"timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "urls"
SIO_ENGINEIO_PING_INTERVAL_MS = 12_000
SIO_ENGINEIO_PING_TIMEOUT_MS = 7_000
SIO_ENGINEIO_MAX_PAYLOAD_BYTES = 54_321
