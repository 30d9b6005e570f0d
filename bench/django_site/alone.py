"""CPU time of a request to a view without any server: Django's WSGI handler, called in a loop.

python -m django_site.alone VIEW SECONDS COOKIE      prints microseconds
"""

from __future__ import annotations

import io
import sys
import time
from typing import Any

from django.core.wsgi import get_wsgi_application

BATCH = 50


def main() -> None:
    view, seconds, cookie = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    application = get_wsgi_application()

    def request() -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/{view}",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_COOKIE": cookie,
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
        }
        response: Any = application(environ, lambda status, headers: None)
        assert response.status_code == 200
        b"".join(response)
        response.close()

    run_for(request, min(1, seconds))
    print(run_for(request, seconds))


def run_for(request: Any, seconds: float) -> float:
    """Microseconds of CPU time for one."""
    end = time.monotonic() + seconds
    begin, done = time.process_time(), 0
    while time.monotonic() < end:
        for _ in range(BATCH):
            request()
        done += BATCH
    return (time.process_time() - begin) / done * 1e6


if __name__ == "__main__":
    main()
