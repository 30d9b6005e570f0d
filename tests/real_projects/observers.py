"""What packages record about requests under uvicorn and under sioserve.

See scripts/compare_observers.

usage: observers.py FOLDER PACKAGES [VARIANT...]
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from servers import Browser, environment, server

HERE = pathlib.Path(__file__).parent
PROJECT = HERE / "ecosystem"
SERVERS = ("uvicorn", "sioserve")
VARIANTS = (
    "sentry",
    "opentelemetry",
    "opentelemetry-asgi",
    "toolbar",
    "silk",
    "structlog",
    "rest",
)
VIEWS = (
    "sync",
    "async",
    "awaits",
    "fails",
    "fails-async",
    "forbidden",
    "forbidden-async",
    "stream",
    "stream-async",
    "page",
    "none",
)
CLIENTS = 8
ROUNDS = 12

HEADERS = ({}, {"Origin": "http://other.test"}, {"HX-Request": "true", "HX-Target": "part"})


def paths() -> list[str]:
    """Each with a number of its own."""
    return [f"/{view}/{number * 100}" for number in range(1, ROUNDS + 1) for view in VIEWS]


def ask_at_once(port: int) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        shares = [paths()[number::CLIENTS] for number in range(CLIENTS)]
        list(pool.map(lambda share: [Browser(port).get(path) for path in share], shares))


def answers(port: int) -> list[str]:
    """Of requests one after the other."""
    browser = Browser(port)
    lines = []
    for number, headers in enumerate(HEADERS):
        requests = [f"/{view}/{number}" for view in VIEWS]
        requests += ["/static/file.txt", "/static/none.txt", "/accounts/login/", "/accounts/email/"]
        for path in requests:
            answer = browser.get(path, **headers)
            lines += [path, *_answer_lines(answer.comparable())]
    browser.get("/accounts/signup/")
    fields = [("csrfmiddlewaretoken", ""), ("username", "someone"), ("email", "a@example.com")]
    passwords = [("password1", "long-Secret-1"), ("password2", "long-Secret-1")]
    answer = browser.post("/accounts/signup/", [*fields, *passwords], [])
    lines += ["signup", *_answer_lines(answer.comparable())]
    lines += ["email", *_answer_lines(browser.get("/accounts/email/").comparable())]
    return lines


def _answer_lines(answer: tuple[object, ...]) -> list[str]:
    status, headers, text = answer
    # Each server has its own headers for the same body.
    own = ("server", "date", "connection", "transfer-encoding", "content-length", "vary-by")
    text = str(text)
    if "djDebug" in text or "<title>ValueError at" in text:  # full of times and settings
        text = f"a page, with the toolbar: {'djDebug' in text}"
    own += ("server-timing",)
    kept = sorted(header for header in headers if header[0] not in own)  # type: ignore[attr-defined]
    return [str(status), *map(str, kept), *text.splitlines()]


def run(
    variant: str, kind: str, folder: pathlib.Path, packages: pathlib.Path
) -> dict[str, list[str]]:
    folder.mkdir(parents=True)
    (folder / "static").mkdir()
    (folder / "static" / "file.txt").write_text("static")
    os.utime(folder / "static" / "file.txt", (1_700_000_000, 1_700_000_000))
    os.environ.update(VARIANT=variant, PROJECT_FOLDER=str(folder))
    env = {**environment(packages), "DJANGO_SETTINGS_MODULE": "settings"}
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity", "0", "--pythonpath"]
    subprocess.run([*migrate, str(PROJECT)], env=env, cwd=PROJECT, check=True)
    with server(PROJECT, packages, "uvicorn" if kind == "uvicorn" else "auto", log=folder) as port:
        found = {"answers": answers(port)}
        ask_at_once(port)
        records = json.loads(Browser(port).get("/recorded").body)
        found["records"] = [
            re.sub(r"127\.0\.0\.1:\d+", "HOST", json.dumps(record)) for record in records
        ]
    return found


def main(folder: pathlib.Path, packages: pathlib.Path, variants: list[str]) -> int:
    differences = 0
    for variant in variants or VARIANTS:
        found = {
            kind: run(variant, kind, folder / f"{variant}-{kind}", packages) for kind in SERVERS
        }
        for what in ("answers", "records"):
            uvicorn, sioserve = (found[kind][what] for kind in SERVERS)
            lines = list(difflib.unified_diff(uvicorn, sioserve, *SERVERS, n=0, lineterm=""))
            differences += bool(lines)
            print(f"{variant}: {len(uvicorn)} {what} lines, {len(lines)} lines differ")
            for line in lines[:12]:
                print("   ", line[:900])
    return 1 if differences else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]))
