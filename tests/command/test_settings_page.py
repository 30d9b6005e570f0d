"""The pages of the documentation name only options that exist."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

from sioserve.options.command_line import known_flags

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "settings_page.py"

# Pages that name no option of other programs, or few.
PAGES = ["events", "examples", "exit-codes", "guarantees", "limits", "migrating-from-daphne"]
PAGES += ["protocols", "redis", "scaling", "settings", "socketio", "tutorial"]

# All options of daphne 4.2.
DAPHNE = [
    "-p",
    "--port",
    "-b",
    "--bind",
    "--websocket_timeout",
    "--websocket_connect_timeout",
    "-u",
    "--unix-socket",
    "--fd",
    "-e",
    "--endpoint",
    "-v",
    "--verbosity",
    "-t",
    "--http-timeout",
    "--access-log",
    "--log-fmt",
    "--ping-interval",
    "--ping-timeout",
    "--websocket-max-message-size",
    "--websocket-max-frame-size",
    "--application-close-timeout",
    "--root-path",
    "--proxy-headers",
    "--proxy-headers-host",
    "--proxy-headers-port",
    "-s",
    "--server-name",
    "--no-server-name",
]


def test_the_tables_of_the_settings_page_are_up_to_date() -> None:
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_option_of_daphne_is_an_option_and_explained() -> None:
    page = (ROOT / "docs" / "migrating-from-daphne.md").read_text()
    explained = set(re.findall(r"`(-{1,2}[\w-]+)", page))
    assert set(DAPHNE) - set(known_flags()) == set()
    assert set(DAPHNE) - explained == set()


def test_every_option_of_uvicorn_is_explained() -> None:
    page = (ROOT / "docs" / "migrating-from-uvicorn.md").read_text()
    help_text = subprocess.run(
        [sys.executable, "-m", "uvicorn", "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"^ +(--[a-z][\w-]+)", help_text, re.M))
    assert "--timeout-keep-alive" in options
    explained = set(re.findall(r"`(--[\w-]+)", page))
    # There is no HTTP/2; the others need no word.
    needless = {"--help", "--version", "--http2"}
    assert options - explained - needless == set()


def test_the_pages_name_only_existing_options() -> None:
    known = {*known_flags(), "-h"}
    # Options of other commands are written together with their command.
    foreign = {"--noasgi", "--nostatic", "--insecure", "--http_timeout", "--http-time"}
    foreign |= {"--websocket_handshake_timeout", "--no-", "--timeout"}
    for name in PAGES:
        page = (ROOT / "docs" / f"{name}.md").read_text()
        used = set(re.findall(r"(?<![\w-])(--[a-z][\w-]+)", page))
        assert used - known - foreign == set(), name
