"""The chapter "Try it on your machine" of docs/tls.md, followed literally but for the port."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess
from collections.abc import Callable

from support.server import APPS, ROOT, ServerProcess

Start = Callable[..., ServerProcess]


def commands() -> list[list[str]]:
    """The words of each command."""
    text = (ROOT / "docs" / "tls.md").read_text()
    (chapter,) = re.findall(r"^## Try it on your machine\n(.*?)(?=^## )", text, re.M | re.S)
    block = "".join(re.findall(r"^ {4}(.*\n)", chapter, re.M)).replace("\\\n", "")
    return [shlex.split(line) for line in block.splitlines()]


def test_try_it_on_your_machine(start_server: Start, tmp_path: pathlib.Path) -> None:
    openssl, sioserve, curl = commands()
    subprocess.run(openssl, cwd=tmp_path, check=True, capture_output=True)
    program, application, *options = sioserve
    assert (program, application) == ("sioserve", "project.asgi:application")
    port = options.index("--port") + 1
    assert f":{options[port]}/" in curl[-1]
    options[port] = "0"
    server = start_server(
        "plain:application", *options, "--app-dir", str(APPS), cwd=tmp_path, listen=()
    )
    curl[-1] = re.sub(r":\d+/", f":{server.port}/", curl[-1])
    answer = subprocess.run(curl, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert answer.stdout.startswith("HTTP/2 200")
