"""What the sample chat looks like: times, colours, and the list of messages in the admin."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

import pytest
from support.browser import PATIENCE, run_node
from support.server import ROOT, ServerProcess

pytestmark = pytest.mark.timeout(PATIENCE + 60)

TIMES = {
    "en-GB": (r"\d\d:\d\d", "%H:%M", ["01:05", "01:05:09"]),
    "en-US": (r"[1-9]\d?:\d\d [AP]M", "%-I:%M %p", ["1:05 AM", "1:05:09 AM"]),
    "de-DE": (r"\d\d:\d\d", "%H:%M", ["01:05", "01:05:09"]),
}


@pytest.fixture
def url(chat_environment: dict[str, str], start_server: Callable[..., ServerProcess]) -> str:
    return start_server(
        "project.asgi:application", cwd=ROOT / "sample_project", env=chat_environment
    ).url


def test_times_have_one_format_on_the_page_and_in_what_the_server_renders(url: str) -> None:
    seen = run_node("looks.mjs", url, "times")
    del seen["complaints"]  # the admin has no icon
    assert seen.keys() == TIMES.keys()
    for locale, shown in seen.items():
        pattern, form, early = TIMES[locale]
        sent = datetime.datetime.fromisoformat(shown["instant"].replace("Z", "+00:00"))
        # Narrow and no-break spaces come before AM and PM.
        plain = {name: _plain(value) for name, value in shown.items() if isinstance(value, str)}
        assert [_plain(time) for time in shown["early"]] == early
        assert plain["message"] == sent.strftime(form)
        assert all(re.fullmatch(pattern, _plain(time)) for time in shown["all"])
        # The list of rooms: the newest message with its time; of an earlier one, the day.
        assert plain["preview"] == f"alice: What time is it, {locale}?"
        assert (plain["room"], shown["roomInstant"]) == (plain["message"], shown["instant"])
        assert not re.search(r"\d:\d", plain["earlierRoom"])
        # The clock differs only by its seconds.
        assert re.fullmatch(pattern, re.sub(r"^(\d+:\d\d):\d\d", r"\1", plain["clock"]))
        # The server does not know the language of the browser.
        assert plain["admin"] == f"{sent:%-d %b, %H:%M}"
        assert plain["transcript"].startswith(f"{sent:%Y-%m-%d %H:%M} alice: What time is it")


def _plain(text: str) -> str:
    return re.sub(r"\s", " ", text).strip()


def test_texts_are_readable_in_light_and_in_dark_mode(url: str) -> None:
    seen = run_node("looks.mjs", url, "colours")
    assert seen.pop("complaints") == []
    assert min(seen["light"]["background"]) > 200
    assert max(seen["dark"]["background"]) < 60
    for scheme in seen.values():
        assert scheme["texts"] > 60
        assert scheme["unreadable"] == []


def test_the_admin_does_not_squeeze_the_texts_of_messages(url: str) -> None:
    seen = run_node("looks.mjs", url, "admin")
    del seen["complaints"]
    for size in seen.values():
        assert size["lines"] == {"sent": 1, "room": 1, "author": 1}
        assert size["text"] >= 150
        assert size["textEnds"] <= size["window"]
    assert seen["wide"]["table"] <= seen["wide"]["place"]  # else it is scrolled
