#!/usr/bin/env bash
# Django 5.2.19 under ASGI: when the client of an asynchronous stream leaves while send() waits for
# it, the view's generator is not closed: its `finally` runs some time later, when the garbage collector
# finds it.
#
# ASGIHandler iterates with `async with aclosing(aiter(response))`. Guess: that closes the generator of the
# view, so its `finally` has run when `response.close()` and request_finished follow. aiter(response) is a
# generator of its own around it, and closing the outer one does not close the inner one.
#
#   findings/django_stream_left_open.sh
#
# Seen on Python 3.11.2, without a server (the handler is called with a send() that is cancelled):
#   response closed, generator open
#   after the garbage collection: generator closed
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Django==5.2.19 asgiref==3.13.0
cat >stream.py <<'END'
import asyncio
import gc

import django
from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import path

settings.configure(SECRET_KEY="secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF="stream")
django.setup()
from django.core.asgi import get_asgi_application  # noqa: E402

state = {"generator": "open", "response": "open"}


async def parts():
    try:
        while True:
            yield b"part"
    finally:
        state["generator"] = "closed"


class Noted(StreamingHttpResponse):
    def close(self):
        super().close()
        state["response"] = "closed"


kept = []


async def view(request):
    response = Noted(parts())
    kept.append(response)  # as middleware or a log may keep it for a while
    return response


urlpatterns = [path("", view)]
application = get_asgi_application()


async def main():
    left, sends = asyncio.Event(), 0
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if requests:
            return requests.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        nonlocal sends
        sends += 1
        if sends == 3:
            left.set()
            await asyncio.sleep(60)  # the client reads nothing

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"x")]}
    await application(scope, receive, send)
    print(f"response {state['response']}, generator {state['generator']}")
    kept.clear()
    gc.collect()
    await asyncio.sleep(0.1)
    print(f"after the garbage collection: generator {state['generator']}")


if __name__ == "__main__":
    import sys

    sys.modules["stream"] = sys.modules["__main__"]
    asyncio.run(main())
END
venv/bin/python stream.py | tee seen
diff - seen <<'END'
response closed, generator open
after the garbage collection: generator closed
END
