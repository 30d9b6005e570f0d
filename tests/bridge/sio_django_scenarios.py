"""What `sio` does in a Django project; each scenario runs in a process of its own.

python sio_django_scenarios.py <scenario> <folder for the database>
"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import pathlib
import sys
import types
import uuid

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

FOLDER = pathlib.Path(sys.argv[2])
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]


def set_up(apps=APPS, **more):
    import django
    from django.core.management import call_command

    settings.configure(
        SECRET_KEY="x",
        INSTALLED_APPS=apps,
        USE_TZ=True,
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3"}
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        **more,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def log_in(name="alice"):
    """The session key of a new user who has logged in."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_user(name, password="p"))
    return client.cookies["sessionid"].value


def scope_with_cookie(value):
    return {"type": "http", "headers": [(b"cookie", f"a=b; sessionid={value}".encode())]}


def connect(*scopes, native=True):
    """What each of these clients is to a consumer: (class, name, session contents) or None."""
    import sio
    from sio_fakes import World

    seen = []

    @sio.register
    class Consumer(sio.SocketIOConsumer):
        async def connect(self, socket, auth):
            user = socket.user
            session = None if socket.session is None else dict(socket.session.items())
            seen.append((type(user).__name__, getattr(user, "username", None), session))
            return True

    async def main():
        world = World()
        for scope in scopes:
            world.ask("/", session=world.open_session(scope, routed=not native))
            await world.idle()

    asyncio.run(main())
    return seen


def user_and_session_of_the_cookie():
    set_up()
    key = log_in()
    ((kind, name, session),) = connect(scope_with_cookie(key))
    assert (kind, name) == ("User", "alice")
    assert session["_auth_user_id"] == "1"


def anonymous_without_a_cookie_needs_no_database():
    set_up()
    from django.db import connection

    def refuse(*args):
        raise AssertionError("a query was made")

    with connection.execute_wrapper(refuse):
        assert connect({"type": "http", "headers": []}) == [("AnonymousUser", "", {})]


def anonymous_with_a_cookie_that_is_not_valid():
    set_up()
    from django.contrib.auth.models import User
    from django.contrib.sessions.models import Session

    changed, inactive = log_in("changed"), log_in("inactive")
    user = User.objects.get(username="changed")
    user.set_password("new")
    user.save()
    User.objects.filter(username="inactive").update(is_active=False)
    seen = connect(*map(scope_with_cookie, (changed, inactive, "a" * 32, "x")))
    assert [who[:2] for who in seen] == [("AnonymousUser", "")] * 4
    assert Session.objects.count() == 2, "only a response may end a session"


def rotated_secret_key_keeps_the_session():
    set_up()
    key = log_in()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "rotated"
    first, second = connect(scope_with_cookie(key), scope_with_cookie(key))
    assert first[:2] == second[:2] == ("User", "alice")


def user_of_the_middleware_is_kept():
    set_up()
    from django.contrib.auth.models import User

    log_in("cookie")
    user = User(username="token")
    scope = {"type": "http", "headers": [], "user": user}
    assert connect(scope, native=False)[0][:2] == ("User", "token")


def lazy_user_is_resolved():
    set_up()
    from django.contrib.auth.models import User
    from django.utils.functional import SimpleLazyObject

    log_in()
    scope = {"type": "http", "headers": [], "user": SimpleLazyObject(lambda: User.objects.get())}
    assert connect(scope, native=False)[0][:2] == ("User", "alice")
    assert type(scope["user"]) is User


def channels_middleware():
    set_up()
    from channels.auth import AuthMiddleware, AuthMiddlewareStack
    from channels.sessions import SessionMiddlewareStack
    from django.contrib.auth.models import User
    from sio.engineio import LongPollingConsumer

    key = log_in()

    class Unresolved(AuthMiddleware):
        async def resolve_scope(self, scope):
            pass

    async def through(application):
        sent = []

        async def send(message):
            sent.append(message)

        scope = {**scope_with_cookie(key), "extensions": {"sioserve.engineio": {}}}
        await application(scope, None, send)
        return sent[0]["scope"]

    async def scopes():
        app = LongPollingConsumer.as_asgi()
        return [
            await through(AuthMiddlewareStack(app)),
            await through(SessionMiddlewareStack(Unresolved(app))),
            await through(SessionMiddlewareStack(app)),
        ]

    filled = asyncio.run(scopes())
    for kind, name, session in connect(*filled, native=False):
        assert (kind, name) == ("User", "alice")
        assert session["_auth_user_id"] == "1"
    assert {type(scope["user"]) for scope in filled} == {User}


def no_user_without_django_auth():
    set_up(apps=["django.contrib.contenttypes"])
    assert connect({"type": "http", "headers": []}) == [("NoneType", None, None)]


def handlers_use_the_database():
    set_up()
    import sio
    from django.contrib.auth.models import User
    from sio_fakes import World

    log_in()

    @sio.on("sync")
    def sync_handler(socket, ack=None):
        ack(User.objects.count())

    @sio.on("async")
    async def async_handler(socket, ack=None):
        ack(await User.objects.acount())

    async def main():
        world = World()
        socket = await world.join()
        world.send(socket, "sync", ack_id=1)
        world.send(socket, "async", ack_id=2)
        await world.idle()
        assert [c[3] for c in world.core.of("ack")] == [[1], [1]]

    asyncio.run(main())


def settings_are_read_when_they_are_asked_for():
    from sio.engineio import constants

    assert constants.PING_INTERVAL_MS == 25000
    set_up(SIO_ENGINEIO_PING_INTERVAL_MS=1000, SIO_ENGINEIO_PING_TIMEOUT_MS="1")
    assert constants.PING_INTERVAL_MS == 1000
    assert constants.MAX_PAYLOAD_BYTES == 1_000_000
    with pytest.raises(ImproperlyConfigured, match="SIO_ENGINEIO_PING_TIMEOUT_MS must be"):
        _ = constants.PING_TIMEOUT_MS


def django_values_are_encoded():
    set_up()
    from django.utils.translation import gettext_lazy
    from sio.encoding import default

    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 678999, tzinfo=datetime.timezone.utc)
    assert default(moment) == "2024-01-02T03:04:05.678Z"
    assert default(decimal.Decimal("1.50")) == "1.50"
    assert default(uuid.UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert default(gettext_lazy("x")) == "x"
    with pytest.raises(TypeError):
        default(object())


def autodiscover_imports_sockets_and_consumers():
    sys.path.insert(0, str(FOLDER))
    for name, files in {
        "found": {"sockets.py": "import sio\n@sio.on('x', namespace='/found')\ndef x(s): pass\n"},
        "empty": {},
        "broken": {"consumers.py": "import does_not_exist\n"},
    }.items():
        (FOLDER / name).mkdir()
        for file, text in {"__init__.py": "", **files}.items():
            (FOLDER / name / file).write_text(text)
    set_up(apps=[*APPS, "found", "empty"])
    import sio
    from django.apps import apps
    from sio import registry

    assert sio.autodiscover() == ["found.sockets"]
    assert registry.native_namespaces() == ["/found"]
    broken = types.SimpleNamespace(name="broken")
    apps.get_app_configs = lambda: [broken]
    with pytest.raises(ModuleNotFoundError, match="does_not_exist"):
        sio.autodiscover()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
