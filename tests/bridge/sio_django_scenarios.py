"""The package `sio` in a Django project; each scenario runs in a separate process.

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
    """The user of each of these clients for a consumer: (class, name, session contents) or None."""
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


def anonymous_with_an_invalid_cookie():
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


def settings_are_read_when_they_are_used():
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
    assert default(datetime.timedelta(days=1, hours=2, seconds=3)) == "P1DT02H00M03S"
    assert default(datetime.date(2024, 1, 2)) == "2024-01-02"
    assert default(datetime.time(3, 4, 5)) == "03:04:05"
    with pytest.raises(TypeError, match="object"):
        default(object())


def values_of_all_model_fields_are_encoded():
    """The values of a saved and reloaded model instance, as Django's own JSON encoder converts
    them.
    """
    set_up()
    import json

    import _sioserve
    from django.core.serializers.json import DjangoJSONEncoder
    from django.db import connection, models
    from sio.encoding import default

    class Colour(models.TextChoices):
        RED = "r", "Red"

    class Size(models.IntegerChoices):
        SMALL = 1

    class Thing(models.Model):
        auto = models.BigAutoField(primary_key=True)
        binary = models.BinaryField(default=b"\x00\x01")
        boolean = models.BooleanField(default=True)
        colour = models.CharField(max_length=1, choices=Colour.choices, default=Colour.RED)
        date = models.DateField(default=datetime.date(2024, 1, 2))
        moment = models.DateTimeField(
            default=datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)
        )
        decimal = models.DecimalField(
            max_digits=5, decimal_places=2, default=decimal.Decimal("1.5")
        )
        duration = models.DurationField(default=datetime.timedelta(minutes=1))
        email = models.EmailField(default="a@example.org")
        file = models.FileField(default="some/file.txt")
        no_file = models.FileField(null=True)
        image = models.ImageField(default="some/image.png")
        number = models.FloatField(default=1.5)
        ip = models.GenericIPAddressField(default="::1")
        json = models.JSONField(default=dict)
        size = models.IntegerField(choices=Size.choices, default=Size.SMALL)
        slug = models.SlugField(default="slug")
        text = models.TextField(default="täxt")
        time = models.TimeField(default=datetime.time(1, 2))
        uuid = models.UUIDField(default=uuid.UUID(int=5))

        class Meta:
            app_label = "auth"

    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    Thing.objects.create()
    fresh, loaded = Thing(), Thing.objects.get()

    async def application(scope, receive, send): ...

    core = _sioserve.Server(application, json_default=default)
    for thing in (fresh, loaded):
        values = {field.name: getattr(thing, field.name) for field in Thing._meta.fields}
        core.emit(1, ["thing", values])
        for name, value in values.items():
            if name in ("file", "image"):
                assert default(value) == value.name
            elif name == "no_file":
                assert default(value) == ""
            elif name not in ("binary", "json"):
                ours = value if isinstance(value, (str, int, float, type(None))) else default(value)
                assert json.dumps(ours) == json.dumps(value, cls=DjangoJSONEncoder), name
    core.emit(1, ["things", list(Thing.objects.values())])
    with pytest.raises(TypeError, match=r"Thing is not JSON serializable at \$\[1\]\[0\]"):
        core.emit(1, ["things", [loaded]])


def nested_values_are_encoded_like_djangos_encoder():
    """In emits and acknowledgements, both as a client receives them."""
    import collections
    import enum
    import json

    set_up()
    import sio
    from django.core.serializers.json import DjangoJSONEncoder
    from django.db import models
    from django.http import QueryDict
    from django.utils import timezone
    from django.utils.safestring import mark_safe
    from django.utils.translation import gettext_lazy, ngettext_lazy
    from sioserve.testing import sio_client

    class Colour(models.TextChoices):
        RED = "r", gettext_lazy("Red")

    class Size(models.IntegerChoices):
        SMALL = 1, "Small"

    class Plain(enum.Enum):
        ONE = 1

    class Point(collections.namedtuple("Point", "x y")):
        pass

    ordered = collections.OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    moment = datetime.datetime(2024, 2, 29, 1, 2, 3, 456789)
    values = {
        "lazy": [gettext_lazy("Yes"), {"deep": (ngettext_lazy("%d a", "%d b", 2) % 2,)}],
        "choices": {Colour.RED: Colour.RED, "size": Size.SMALL, "label": Colour.RED.label},
        "label, a lazy string": Colour.choices,
        "safe": mark_safe("<b>"),
        "moments": [moment, moment.replace(tzinfo=datetime.timezone.utc), timezone.now()],
        "durations": [datetime.timedelta(days=-1, microseconds=5), datetime.timedelta(1, 2, 3)],
        "decimals": [decimal.Decimal("1.10"), decimal.Decimal("1E+9"), decimal.Decimal("NaN")],
        "uuid": {"list": [uuid.UUID(int=7)]},
        "point": Point(1, decimal.Decimal(2)),
        "form": QueryDict("a=1&a=2&b=3"),
        "ordered": ordered,
        "counter": collections.Counter("aab"),
        "keys": {2: "a", 1.5: "b", True: "c", None: "d", False: "e"},
        "key": {Size.SMALL: 1},
        "numbers": [1e300, -0.0, 1e16, 10**20, 0.1],
        "text": "a\u2028\x00\x7f\U0001f600/</script>",
    }

    def as_django(value):
        return json.loads(json.dumps(value, cls=DjangoJSONEncoder))

    class Consumer(sio.SocketIOConsumer):
        async def event_ask(self, socket, name, ack):
            await ack({"it": [values[name]]})

        async def event_tell(self, socket, name):
            socket.emit("told", {"it": [values[name]]})
            socket.server.emit("told to all", {"it": [values[name]]})

    async def compare():
        async with sio_client(Consumer) as client:
            for name, value in values.items():
                expected = as_django({"it": [value]})
                assert await client.call("ask", name) == expected, name
                await client.emit("tell", name)
                assert await client.receive("told") == expected, name
                assert await client.receive("told to all") == expected, name
            gaps = memoryview(bytes(range(10)))[::3]
            client.socket.emit("gaps", {"bytes": [gaps, bytearray(b"1")]})
            assert await client.receive("gaps") == {"bytes": [bytes(gaps), b"1"]}
            # Values that Django's encoder refuses are refused, with the path to the value.
            for wrong in (
                Plain.ONE,
                {1, 2},
                datetime.time(1, tzinfo=datetime.timezone.utc),
                {"key": {uuid.UUID(int=1): 1}},
                {"key": {gettext_lazy("x"): 1}},
                (n for n in range(3)),
            ):
                with pytest.raises((TypeError, ValueError)) as theirs:
                    as_django(wrong)
                with pytest.raises(type(theirs.value), match=r" at \$\[1\]\[0\]"):
                    client.socket.emit("wrong", [wrong])
            for wrong in (float("nan"), float("inf")):  # Django writes them, clients refuse them
                with pytest.raises(ValueError, match=r"not JSON at \$\[1\]"):
                    client.socket.emit("wrong", wrong)

    asyncio.run(compare())


def the_encoder_can_be_chosen():
    import json

    class Encoder(json.JSONEncoder):
        def default(self, obj):
            return "chosen" if isinstance(obj, complex) else super().default(obj)

    sys.modules["project_encoders"] = types.SimpleNamespace(Encoder=Encoder)
    set_up()
    import sio
    from django.test import override_settings
    from sio.encoding import default

    for setting in ("project_encoders.Encoder", Encoder):
        with override_settings(SIO_JSON_ENCODER=setting):
            assert default(1j) == "chosen"
            with pytest.raises(TypeError):  # the configured encoder is used
                default(decimal.Decimal(1))
    for wrong in ("project_encoders.Nothing", "no.such.module", 17, dict):
        with override_settings(SIO_JSON_ENCODER=wrong):
            with pytest.raises(ImproperlyConfigured, match="SIO_JSON_ENCODER"):
                default(1j)
            from sioserve.errors import StartupError
            from sioserve.options import Options, server_arguments

            with pytest.raises(StartupError, match="SIO_JSON_ENCODER"):
                server_arguments(Options())

    def hook(obj):
        if isinstance(obj, complex):
            return [obj.real, obj.imag]
        raise TypeError(f"no {type(obj).__name__} here")

    sio.get_socketio_server().json_default = hook
    assert default(1j) == [0.0, 1.0]
    assert default(decimal.Decimal("1.50")) == "1.50"
    with pytest.raises(TypeError, match="no object here"):
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
