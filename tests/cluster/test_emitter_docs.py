"""The examples of docs/emitting.md, in a project of Django and its processes."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import redis
from support.redis_server import RedisServer
from support.server import ROOT

PAGE = (ROOT / "docs" / "emitting.md").read_text()

SETTINGS = """
import os
SECRET_KEY = "secret"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LANGUAGE_CODE = "de"
SIO_REDIS_URL = os.environ.get("SHOP_REDIS")
"""
MODELS = """
from django.db import models
class Order(models.Model):
    number = models.IntegerField()
    at = models.DateTimeField(auto_now_add=True)
"""
# In place of Celery: tasks run in a child that the worker has forked.
CELERY = """
import os
def shared_task(**options):
    def decorate(function):
        def delay(*args):
            pid = os.fork()
            if pid == 0:
                try:
                    function(*args)
                except options["autoretry_for"] as error:
                    print(f"retried: {error}", flush=True)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        function.delay = delay
        return function
    return decorate
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The files of the page whose first line is a comment with their name, and what they need."""
    folder = tmp_path_factory.mktemp("project")
    files = {"shop_settings.py": SETTINGS, "shop/models.py": MODELS, "celery.py": CELERY}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        named = re.match(r"# (shop/\S+\.py)\n", block)
        if named:
            files[named[1]] = block
    assert len(files) == 3 + 4
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run(folder, "-m", "django", "migrate", "--run-syncdb", "--verbosity=0")
    return folder


class Events:
    """The published events, without those of earlier tests."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.pubsub = self.client.pubsub()
        self.pubsub.psubscribe("socket.io#*")
        self.pubsub.get_message(timeout=10)

    def next(self) -> tuple[str, list[Any]]:
        message = self.pubsub.get_message(timeout=10)
        assert message is not None, "nothing was published"
        return message["channel"].decode(), msgpack.unpackb(message["data"])[1]["data"]


@pytest.fixture
def events(redis_server: RedisServer) -> Iterator[Events]:
    events = Events(redis_server.url)
    yield events
    events.pubsub.close()
    events.client.close()


def run(project: pathlib.Path, *arguments: str, redis: str = "") -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("SIOSERVE_REDIS")}
    env |= {"DJANGO_SETTINGS_MODULE": "shop_settings", "SHOP_REDIS": redis}
    env["PYTHONPATH"] = os.pathsep.join([str(project), str(ROOT / "python")])
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(project: pathlib.Path, code: str, redis: str = "") -> str:
    begin = "import django, sio; django.setup()\n"
    return run(project, "-c", begin + textwrap.dedent(code), redis=redis)


def test_a_management_command(
    project: pathlib.Path, redis_server: RedisServer, events: Events
) -> None:
    run(project, "-m", "django", "announce_sale", "20", redis=redis_server.url)
    assert events.next() == ("socket.io#/orders#", ["sale", 20])
    assert events.next() == ("socket.io#/orders#vip#", ["sale", 40])


def test_a_task(project: pathlib.Path, redis_server: RedisServer, events: Events) -> None:
    code = """
        from shop.tasks import announce_delivery
        announce_delivery(6)         # the worker uses its connection before it forks
        announce_delivery.delay(7)
        announce_delivery.delay(8)
    """
    script(project, code, redis_server.url)
    for number in (6, 7, 8):
        said = ["status", {"number": number, "status": "delivered"}]
        assert events.next() == (f"socket.io#/orders#order-{number}#", said)


def test_a_task_without_redis_is_retried(project: pathlib.Path) -> None:
    code = "from shop.tasks import announce_delivery\nannounce_delivery.delay(7)"
    said = script(project, code, "redis://127.0.0.1:1")
    assert said.startswith("retried: can't emit 'status': Redis at redis://127.0.0.1:1: ")


def test_after_the_commit(project: pathlib.Path, redis_server: RedisServer, events: Events) -> None:
    code = """
        import json
        from django.core.serializers.json import DjangoJSONEncoder
        from django.db import transaction
        from shop.models import Order
        from shop.payments import pay
        try:
            pay(-1)
        except ValueError:
            pass                                      # rolled back: nothing is announced
        try:
            with transaction.atomic():
                pay(1)
                raise KeyError
        except KeyError:
            pass                                      # nor here
        with transaction.atomic():
            pay(2)
            sio.get_socketio_server().emit("before the commit")
        print(json.dumps([Order.objects.count(), Order.objects.get().at], cls=DjangoJSONEncoder))
    """
    said = script(project, code, redis_server.url)
    assert events.next()[1] == ["before the commit"]
    channel, (event, number, moment) = events.next()
    assert (channel, event, number) == ("socket.io#/orders#order-2#", "paid", 2)
    assert said.strip() == f'[1, "{moment}"]'
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", moment)


def test_after_the_commit_without_redis(project: pathlib.Path) -> None:
    code = """
        from shop.models import Order
        from shop.payments import pay
        try:
            pay(3)
        except sio.PublishError as error:
            print(error)
        print(Order.objects.filter(number=3).count())
    """
    error, count = script(project, code, "redis://127.0.0.1:1").splitlines()
    assert error.startswith("can't emit 'paid': Redis at redis://127.0.0.1:1: ")
    assert count == "1"


def test_asyncio(project: pathlib.Path, redis_server: RedisServer, events: Events) -> None:
    code = """
        import asyncio
        from decimal import Decimal
        from shop.prices import publish_prices
        asyncio.run(publish_prices({"tea": Decimal("1.50"), "milk": Decimal("0.90")}))
    """
    script(project, code, redis_server.url)
    expected = [["price", "tea", "1.50"], ["price", "milk", "0.90"], ["prices complete"]]
    assert [events.next()[1] for _ in range(3)] == expected


def test_values_of_django_arrive_as_from_a_handler(
    project: pathlib.Path, redis_server: RedisServer, events: Events
) -> None:
    """With the project's settings; test_emitter_values.py compares with the native encoder."""
    code = """
        import datetime, decimal, uuid
        from django.utils.functional import lazystr
        from django.utils.safestring import mark_safe
        from django.http import QueryDict
        from django.utils.translation import gettext_lazy, activate
        activate("de")
        sio.get_socketio_server().emit(
            "values", datetime.datetime(2026, 11, 28, 1, 2, 3, 456789), datetime.date(2026, 1, 2),
            datetime.timedelta(hours=1), decimal.Decimal("1.10"), uuid.UUID(int=1), b"raw",
            gettext_lazy("Yes"), lazystr("lazy"), mark_safe("<b>"), QueryDict("a=1&a=2"), (1, 2),
        )
    """
    script(project, code, redis_server.url)
    assert events.next()[1] == [
        "values",
        "2026-11-28T01:02:03.456",
        "2026-01-02",
        "P0DT01H00M00S",
        "1.10",
        "00000000-0000-0000-0000-000000000001",
        b"raw",
        "Ja",
        "lazy",
        "<b>",
        {"a": "2"},
        [1, 2],
    ]


def test_the_command_for_the_rights_of_an_emitter(redis_server: RedisServer) -> None:
    import sio

    found = re.search(r"^    (ACL SETUSER emitter .*)$", PAGE, re.MULTILINE)
    assert found
    client = redis.Redis.from_url(redis_server.url)
    client.execute_command(*found[1].split())
    url = redis_server.url.replace("//", "//emitter:secret@")
    for emitter in (sio.RedisEmitter(url), sio.RedisEmitter(url, sharded=True)):
        emitter.to("r").emit("news")
        emitter.sockets_leave("r")
        emitter.close()
    with pytest.raises(sio.PublishError, match=r"channel|permission"):
        sio.RedisEmitter(url, prefix="other").emit("news")
    client.execute_command("ACL", "DELUSER", "emitter")
    client.close()


def test_every_setting_of_the_page_exists() -> None:
    from sio.socketio.cluster import settings

    rows = re.findall(r"^\| `(SIO_\w+)` \| `(SIOSERVE_\w+)` \|", PAGE, re.MULTILINE)
    assert [(setting, variable) for variable, setting in (
        settings.URL, settings.PREFIX, settings.SHARDED,
    )] == rows  # fmt: skip
