"""Two servers with the same project, and browsers that ask both the same."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
from pages import HOST, comparable

PATIENCE = 60.0  # seconds


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_html(self) -> bool:
        return dict(self.headers).get("content-type", "").startswith("text/html")

    def comparable(self) -> tuple[object, ...]:
        headers = [
            (name, comparable(re.sub(r"(sessionid|csrftoken)=[^;]*", r"\1=TOKEN", value)))
            for name, value in self.headers
            if name not in ("date", "content-length" if self.is_html else "")
        ]
        return self.status, headers, comparable(self.text)


class Browser:
    """Keeps cookies, follows no redirect."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Host": HOST}, timeout=PATIENCE
        )

    def get(self, path: str, **headers: str) -> Answer:
        return self._answer(self._client.get(path, headers=headers))

    def head(self, path: str) -> Answer:
        return self._answer(self._client.head(path))

    def post(self, path: str, fields: list[tuple[str, str]], files: list[str]) -> Answer:
        """The form's token is that of the last page."""
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        if "csrfmiddlewaretoken" in data:
            data["csrfmiddlewaretoken"] = [self._client.cookies.get("csrftoken", "")]
        sent = dict.fromkeys(files, ("file.txt", b"content of a file", "text/plain"))
        return self._answer(self._client.post(path, data=data, files=sent or None))

    def forget(self) -> None:
        """Keep the session's cookie only: messages for the user are in cookies too."""
        for name in list(self._client.cookies):
            if name != "sessionid":
                del self._client.cookies[name]

    def copy(self) -> Browser:
        """Another one with the same cookies."""
        made = Browser(0)
        made._client = httpx.Client(
            base_url=self._client.base_url,
            headers={"Host": HOST},
            timeout=PATIENCE,
            cookies=self._client.cookies,
        )
        return made

    @staticmethod
    def _answer(response: httpx.Response) -> Answer:
        headers = [(name.lower(), value) for name, value in response.headers.multi_items()]
        return Answer(response.status_code, headers, response.content)


@contextlib.contextmanager
def server(
    project: pathlib.Path,
    packages: pathlib.Path,
    handler: str,
    *options: str,
    log: pathlib.Path | None = None,
) -> Iterator[int]:
    """Yields the port. The handler is "auto" or "stock", or "uvicorn" for that server. The log is
    `server.log` in the folder `log`. The server must stop with 0.
    """
    log = log / "server.log" if log else project.parent / f"{project.name}-server.log"
    if handler == "uvicorn":
        command = [sys.executable, "-m", "uvicorn", "asgi:application", "--port", "0"]
    else:
        program = os.environ.get("SIOSERVE") or pathlib.Path(sys.executable).parent / "sioserve"
        command = [str(program), "asgi:application", "--port", "0", "--django-handler", handler]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *options],
            cwd=project,
            env=environment(packages),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _port(log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE)
    if status != (-signal.SIGTERM if handler == "uvicorn" else 0):
        raise SystemExit(f"the server with the handler {handler} ended with {status}; see {log}")


def environment(packages: pathlib.Path) -> dict[str, str]:
    paths = [str(packages), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}


def _port(log: pathlib.Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    raise SystemExit(f"the server did not start:\n{log.read_text()}")
