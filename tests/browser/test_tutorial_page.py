"""docs/tutorial.md, followed literally from its first line on, to two people in two browsers.

pip installs the packages of the tests' environment, without a network. The servers get a free port.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import sys
from collections.abc import Callable

import pytest
from support.browser import PATIENCE, run_node
from support.repacked import repack
from support.tutorial import RUNSERVER, Command, Follower, follow

pytestmark = pytest.mark.timeout(4 * PATIENCE)

# They would name the server under test, and its modules, instead of what pip has installed.
FOREIGN = ("PYTHONPATH", "SIOSERVE", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE")


def stop_or_start(server: Command) -> Callable[[str], None]:
    """Does what the script asks for."""

    def answer(asked: str) -> None:
        if asked == "stop the server":
            server.stop(signal.SIGINT)  # as Ctrl-C
        else:
            assert asked == "start the server"
            server.start()

    return answer


def test_two_people_chat_in_two_browsers(tmp_path: pathlib.Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for package in ("sioserve", "django"):
        repack(package, wheels)
    desk = tmp_path / "desk"
    desk.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env["PATH"] = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    follower = Follower(desk, {**env, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)})
    done: list[str] = []
    said: list[str] = []
    with contextlib.closing(follow(follower, installs=True)) as taken:
        for step, server in taken:
            done.append(step)
            if not server:
                continue
            text = f"I use {step}"
            seen = run_node("tutorial.mjs", server.url, text, during=stop_or_start(server))
            assert seen["before"] == [[*said, f"bob: {text}"]] * 2
            said += [f"bob: {text}", f"alice: {text}, still", f"bob: {text} again"]
            assert seen["after"] == [said] * 2
            for statuses in seen["statuses"]:
                assert statuses[0] == "Connection lost"
                assert statuses.index("Connected") == len(statuses) - 1
            assert [line for line in seen["complaints"] if "404 (Not Found)" not in line] == []
    assert done[:3] == [
        "python3 -m venv chat-env",
        ". chat-env/bin/activate",
        'pip install sioserve "django>=5.2"',
    ]
    assert RUNSERVER in done
    assert done[-1] == "sioserve mysite.asgi:application --workers 2"
    assert pathlib.Path(follower.env["VIRTUAL_ENV"]) == desk / "chat-env"
