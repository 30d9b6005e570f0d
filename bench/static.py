"""Static files per second: sioserve --static against nginx, and WhiteNoise under uvicorn.

Each server runs pinned to one core, and wrk loads it from another. The servers take turns, so that
other load on the machine affects all of them. Prints each round's rates and the ratios' medians and
ranges. `scripts/bench static` provides everything.

    python bench/static.py [--rounds 5] [--seconds 5] [--connections 64]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator

from servers import free_port, needs_two_cores, print_ratio, run_load, running, sioserve, uvicorn

SIZES = {"10 KB": 10_240, "1 MB": 1_048_576}
SERVERS = ("sioserve", "nginx", "whitenoise")

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  types {{ text/css css; }}
  server {{
    listen 127.0.0.1:{port};
    location /static/ {{ alias {folder}/files/; }}
  }}
}}
"""

# Served through Django, as its users do it.
DJANGO = """
from django.conf import settings

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    ROOT_URLCONF="whitenoise_app",
    STATIC_URL="/static/",
    STATIC_ROOT="{folder}/files",
    MIDDLEWARE=["whitenoise.middleware.WhiteNoiseMiddleware"],
)
urlpatterns = []

from django.core.asgi import get_asgi_application

application = get_asgi_application()
"""


def command_of(server: str, folder: pathlib.Path, port: int) -> list[str]:
    if server == "sioserve":
        mount = f"/static/={folder}/files"
        options = ["--port", str(port), "--no-access-log", "--static", mount]
        return [sioserve(), "hello_app:application", *options]
    if server == "nginx":
        configuration = folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=folder, port=port))
        return ["nginx", "-c", str(configuration)]
    (folder / "whitenoise_app.py").write_text(DJANGO.format(folder=folder))
    options = ["--app-dir", str(folder), "--port", str(port), "--loop", "uvloop"]
    options += ["--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [uvicorn(), "whitenoise_app:application", *options]


@contextlib.contextmanager
def serving(server: str, folder: pathlib.Path) -> Iterator[str]:
    """Starts a server on its core; yields the URL of its files once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/static/"

    def answers() -> None:
        for name, size in SIZES.items():
            with urllib.request.urlopen(url + file_name(name), timeout=5) as response:
                assert len(response.read()) == size

    with running(command_of(server, folder, port), answers):
        yield url


def file_name(size_name: str) -> str:
    return size_name.replace(" ", "") + ".css"


def measure(url: str, seconds: int, connections: int) -> float:
    """Requests per second, counted by wrk. Raises SystemExit if a request failed."""
    printed = run_load("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url)
    errors = re.search(r"(Socket errors|Non-2xx).*", printed)
    if errors:
        raise SystemExit(errors[0])
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert rate, printed
    return float(rate[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="static files: sioserve, nginx, WhiteNoise")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of load per server and round")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    for program in ("wrk", "nginx"):
        if not shutil.which(program):
            parser.error(f"{program} is not installed")
    needs_two_cores()

    rates: dict[str, dict[str, list[float]]] = {
        name: {server: [] for server in SERVERS} for name in SIZES
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        folder.chmod(0o755)  # nginx's workers run as another user
        (folder / "files").mkdir()
        for name, size in SIZES.items():
            (folder / "files" / file_name(name)).write_bytes(os.urandom(size))
        print(f"{'round':>5}  {'file':>5}  " + "  ".join(f"{name + '/s':>12}" for name in SERVERS))
        for number in range(1, options.rounds + 1):
            for server in SERVERS:
                with serving(server, folder) as url:
                    for name in SIZES:
                        measure(url + file_name(name), 1, options.connections)
                        rate = measure(url + file_name(name), options.seconds, options.connections)
                        rates[name][server].append(rate)
            for name in SIZES:
                last = "  ".join(f"{rates[name][server][-1]:12,.0f}" for server in SERVERS)
                print(f"{number:5}  {name:>5}  {last}", flush=True)
    for name in SIZES:
        for other in SERVERS[1:]:
            what = f"{name}: sioserve / {other}"
            print_ratio(what, rates[name]["sioserve"], rates[name][other])


if __name__ == "__main__":
    main()
