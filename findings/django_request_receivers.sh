#!/usr/bin/env bash
# Django connects four functions of its own to request_started and request_finished: they forget the
# logged queries, close old connections and used caches, and reset the URLconf. In a project whose
# view uses no database and no cache, they find nothing to do, and take a quarter or more of the CPU
# time of a short request (no middleware, WSGI).
#
# Guess: a signal whose receivers have nothing to do costs a few per cent.
#
# The causes: the functions ask hasattr() for each database and cache on an asgiref Local, which
# raises an AttributeError with a message that is made each time (in newer versions it also asks for
# a running event loop first); and these two signals do not cache their lists of receivers.
#
#   findings/django_request_receivers.sh
#
# Measured in one process: the least CPU time of a request in nine rounds, with the receivers and
# without them. Seen with Python 3.11.2 and 3.11.7, on a busy machine:
#   Django 5.2.8, asgiref 3.8.1: 33 to 52 % of a request
#   Django 5.2.8, asgiref 3.11.0: 33 to 52 % of a request
# Exits with 1 when it is less than 15 %.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
cat >"$folder/share.py" <<'END'
import importlib.metadata
import io
import platform
import sys
import time

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("hello"))]
handler = WSGIHandler()


def request():
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    response = handler(environ, lambda *start: None)
    assert b"".join(response) == b"hello"
    response.close()


def least_time(rounds=9, requests=2000):
    best = float("inf")
    for _ in range(rounds):
        begin = time.thread_time()
        for _ in range(requests):
            request()
        best = min(best, time.thread_time() - begin)
    return best


least_time(rounds=1)
whole = least_time()
for signal in (signals.request_started, signals.request_finished):
    assert all(ref().__module__.startswith("django.") for _, ref, *_ in signal.receivers)
    signal.receivers = []
share = 1 - least_time() / whole
versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("Django", "asgiref"))
print(f"Python {platform.python_version()}, {versions}: {share:.0%} of a request")
sys.exit(share < 0.15)
END
status=0
for asgiref in 3.8.1 3.11.0; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "Django==5.2.8" "asgiref==$asgiref"
  "$folder/venv/bin/python" "$folder/share.py" || status=1
done
exit "$status"
