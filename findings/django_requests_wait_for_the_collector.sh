#!/usr/bin/env bash
# Django 5.2.19: with startproject's middleware, no request is freed when its response is closed. Request,
# session, user and messages refer to each other in a circle, so each request, with the body that the view
# has read, stays in memory until Python's garbage collector runs.
#
# Guess: nothing keeps a request once its response is closed, so reference counting frees it, and with it an
# upload of several megabytes. AuthenticationMiddleware alone is enough: the lazy user holds the request.
#
#   findings/django_requests_wait_for_the_collector.sh
#
# Seen on Python 3.11.2, with the collector off, after 100 POSTs of 100 KB through WSGIHandler:
#   no middleware: 0 requests left
#   SessionMiddleware: 0 requests left
#   AuthenticationMiddleware: 100 requests left, with 10000 KB of bodies
#   MessageMiddleware: 100 requests left, with 10000 KB of bodies
#   startproject's: 100 requests left, with 10000 KB of bodies
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Django==5.2.19
cat >urls.py <<'END'
from django.http import HttpResponse
from django.urls import path

BODY = b"x" * 100_000
urlpatterns = [path("", lambda request: HttpResponse(str(len(request.body))))]
END
cat >requests.py <<'END'
import gc
import io

import django
from django.conf import settings
from django.test import override_settings

SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    SESSION,
    "django.middleware.common.CommonMiddleware",
    AUTH,
    MESSAGES,
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
APPS = ("auth", "contenttypes", "sessions", "messages")
settings.configure(
    SECRET_KEY="secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="urls",
    INSTALLED_APPS=[f"django.contrib.{app}" for app in APPS],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest  # noqa: E402
from urls import BODY  # noqa: E402


def post(application):
    response = application(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "CONTENT_LENGTH": str(len(BODY)),
            "SERVER_NAME": "example",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(BODY),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        },
        lambda status, headers: None,
    )
    assert b"".join(response) == b"100000"
    response.close()


def left(middleware):
    with override_settings(MIDDLEWARE=middleware):
        application = WSGIHandler()
        post(application)
        gc.collect()
        gc.disable()
        for _ in range(100):
            post(application)
        requests = [one for one in gc.get_objects() if type(one) is WSGIRequest]
        kept = sum(len(one.__dict__.get("_body", b"")) for one in requests) // 1000
        gc.enable()
    return f"{len(requests)} requests left" + (f", with {kept} KB of bodies" if kept else "")


if __name__ == "__main__":
    print("no middleware:", left([]))
    print("SessionMiddleware:", left([SESSION]))
    print("AuthenticationMiddleware:", left([SESSION, AUTH]))
    print("MessageMiddleware:", left([SESSION, MESSAGES]))
    print("startproject's:", left(STARTPROJECT))
END
venv/bin/python requests.py | tee seen
diff - seen <<'END'
no middleware: 0 requests left
SessionMiddleware: 0 requests left
AuthenticationMiddleware: 100 requests left, with 10000 KB of bodies
MessageMiddleware: 100 requests left, with 10000 KB of bodies
startproject's: 100 requests left, with 10000 KB of bodies
END
