"""A Django project in this process, and an ASGI server that tests play.

These tests have settings of their own, so they run in a pytest of their own:
test_django_handler.py starts it for each version of Django, for sioserve's handler and, with
HANDLER=stock, for Django's own.
"""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from django.conf import settings

FOLDER = pathlib.Path(os.environ.get("HANDLER_TESTS_FOLDER") or tempfile.mkdtemp())

STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def pytest_configure(config: pytest.Config) -> None:
    import django
    from django.core.management import call_command

    config.addinivalue_line(
        "markers", "only_ours(reason): does not hold for Django's own handler, by its design"
    )

    settings.configure(
        SECRET_KEY="x",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="views",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        MIDDLEWARE=STARTPROJECT,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
        USE_I18N=True,
        LANGUAGES=[("en", "English"), ("de", "German")],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": FOLDER / "db.sqlite3",
                "CONN_MAX_AGE": 60,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGGING={"version": 1, "disable_existing_loggers": False},
    )
    django.setup()
    call_command("migrate", verbosity=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("HANDLER") != "stock":
        return
    for item in items:
        if mark := item.get_closest_marker("only_ours"):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


@pytest.fixture(autouse=True)
def no_notes() -> Iterator[None]:
    """What views and middleware note belongs to one test."""
    from notes import notes

    notes.clear()
    yield
    notes.clear()
