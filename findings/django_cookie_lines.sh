#!/usr/bin/env bash
# Django 5.2.19 under ASGI loses the session of a client whose cookies come in two header lines: it joins
# the lines with a comma, so the first cookie swallows the second.
#
# HTTP/2 clients may split cookies into several lines (RFC 9113, section 8.2.3), and granian hands the
# lines to the application as they came. Guess: request.COOKIES has both cookies, as it has under
# hypercorn, whose HTTP/2 library joins the lines with "; ".
#
#   findings/django_cookie_lines.sh
#
# Seen with granian 2.8.9 and hypercorn 0.18.0 (h2 4.4.1) over HTTP/2 and httpx 0.28.1 on Python 3.11.2:
#   granian: one line {'theme': 'dark', 'sessionid': 'abc'}, two lines {'theme': 'dark,sessionid=abc'}
#   hypercorn: one line {'theme': 'dark', 'sessionid': 'abc'}, two lines {'theme': 'dark', 'sessionid': 'abc'}
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Django==5.2.19 granian==2.8.9 hypercorn==0.18.0 h2==4.4.1 \
  'httpx[http2]==0.28.1'
cat >shop.py <<'END'
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(SECRET_KEY="secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop")
django.setup()
from django.core.asgi import get_asgi_application  # noqa: E402

urlpatterns = [path("", lambda request: HttpResponse(str(request.COOKIES)))]
application = get_asgi_application()
END
cat >client.py <<'END'
import sys
import time

import httpx

LINES = {
    "one line": [("cookie", "theme=dark; sessionid=abc")],
    "two lines": [("cookie", "theme=dark"), ("cookie", "sessionid=abc")],
}


def get(client, headers):
    for _ in range(100):
        try:
            return client.get(f"http://127.0.0.1:{sys.argv[1]}/", headers=headers)
        except httpx.ConnectError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


with httpx.Client(http1=False, http2=True) as client:
    seen = [f"{name} {get(client, headers).text}" for name, headers in LINES.items()]
print(f"{sys.argv[2]}: {', '.join(seen)}")
END
free_port() {
  venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
granian="$(free_port)"
venv/bin/granian --interface asgi --http 2 --host 127.0.0.1 --port "$granian" shop:application \
  >/dev/null 2>&1 &
venv/bin/python client.py "$granian" granian | tee seen
hypercorn="$(free_port)"
venv/bin/hypercorn --bind "127.0.0.1:$hypercorn" shop:application 2>/dev/null &
venv/bin/python client.py "$hypercorn" hypercorn | tee -a seen
diff - seen <<'END'
granian: one line {'theme': 'dark', 'sessionid': 'abc'}, two lines {'theme': 'dark,sessionid=abc'}
hypercorn: one line {'theme': 'dark', 'sessionid': 'abc'}, two lines {'theme': 'dark', 'sessionid': 'abc'}
END
