"""The address of Redis: where it comes from, and what is refused."""

from __future__ import annotations

import importlib
import pathlib
import re
import types

import _sioserve
import pytest
from sioserve.errors import ListenError, StartupError
from sioserve.listening import creation_errors, listen_on
from sioserve.options import ClusterEndpoint, Options, UsageError, resolve, server_arguments
from sioserve.options.table import OPTIONS

# The package has a function of the same name as the module.
SERVER_ARGUMENTS = importlib.import_module("sioserve.options.server_arguments")

CLUSTER = "--cluster-listen=10.0.0.1:7000 --cluster-secret=0123456789abcdef"
URL = "redis://:secret@127.0.0.1:6390/1"


def django_settings(monkeypatch: pytest.MonkeyPatch, **settings: object) -> None:
    made = types.SimpleNamespace(DEBUG=False, ALLOWED_HOSTS=["*"], **settings)
    monkeypatch.setattr(SERVER_ARGUMENTS, "_django_settings", lambda: made)


def url_from(*arguments: str, **environ: str) -> object:
    options = resolve(["module:application", *arguments], dict(environ))
    return server_arguments(options).get("redis_url")


def test_there_is_none_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    django_settings(monkeypatch)
    assert url_from() is None


def test_django_s_setting_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    django_settings(monkeypatch, SIO_REDIS_URL=URL)
    assert url_from() == URL


def test_django_s_setting_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    django_settings(monkeypatch, SIO_REDIS_URL=None)
    assert url_from() is None


def test_the_option_overrides_django_s_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    django_settings(monkeypatch, SIO_REDIS_URL=URL)
    assert url_from("--redis", "redis://other") == "redis://other"
    assert url_from(SIOSERVE_REDIS="redis://variable") == "redis://variable"
    assert url_from("--redis=") == ""


@pytest.mark.parametrize(
    ("setting", "value", "name", "option", "other"),
    [
        ("SIO_REDIS_PREFIX", "shop", "redis_prefix", "--redis-prefix=chat", "chat"),
        ("SIO_REDIS_SHARDED", True, "redis_sharded", "--no-redis-sharded", False),
        *[
            ("SIO_REDIS_FORMAT", theirs, "redis_format", f"--redis-format={ours}", ours)
            for theirs, ours in [
                ("python-socketio", "redis-adapter"),
                ("redis-adapter", "python-socketio"),
            ]
        ],
        ("SIO_ENGINEIO_PING_TIMEOUT_MS", 7, "ping_timeout_ms", "--socketio-ping-timeout=1", 1000),
        (
            "SIO_ENGINEIO_PING_INTERVAL_MS",
            7,
            "ping_interval_ms",
            "--socketio-ping-interval=1",
            1000,
        ),
        ("SIO_ENGINEIO_MAX_PAYLOAD_BYTES", 7, "max_payload_bytes", "--socketio-max-payload=9", 9),
    ],
)
def test_an_option_overrides_the_setting_of_django(
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: object,
    name: str,
    option: str,
    other: object,
) -> None:
    django_settings(monkeypatch, **{setting: value})
    assert server_arguments(resolve(["module:application"], {}))[name] == value
    assert server_arguments(resolve(["module:application", option], {}))[name] == other


def test_every_setting_of_django_may_come_from_an_option_without_a_default() -> None:
    # A default would override Django's setting.
    names = set(SERVER_ARGUMENTS.DJANGO_SETTINGS.values())
    options = {option.setting: option.default for option in OPTIONS if option.setting in names}
    assert options == dict.fromkeys(names)


def test_settings_of_both_sources_can_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    django_settings(monkeypatch, SIO_REDIS_SHARDED=True)
    options = resolve(["module:application", "--redis-format=python-socketio"], {})
    with pytest.raises(StartupError, match=r"SIO_REDIS_SHARDED.* contradict each other"):
        server_arguments(options)


def test_the_core_takes_the_options() -> None:
    line = ["module:application", f"--redis={URL}", "--redis-queue=64K", "--redis-sharded"]
    settings = resolve([*line, "--redis-prefix=chat"], {}).settings
    chosen = {name: value for name, value in settings.items() if name.startswith("redis_")}
    assert chosen == {
        "redis_url": URL,
        "redis_queue_bytes": 65536,
        "redis_sharded": True,
        "redis_prefix": "chat",
    }
    _sioserve.Server(lambda scope, receive, send: None, None, **chosen)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("--cluster-listen=10.0.0.1:7000", "--cluster-listen needs --cluster-secret"),
        ("--cluster-listen=10.0.0.1", "is not HOST:PORT"),
        ("--cluster-listen=:7000", "is not HOST:PORT"),
        ("--cluster-listen=10.0.0.1:70000", "is not HOST:PORT"),
        ("--cluster-listen=0.0.0.0:7000", "no address that other servers can connect to"),
        ("--cluster-listen=[::]:7000", "no address that other servers can connect to"),
        ("--cluster-secret=short", "fewer than 16 characters"),
        (f"{CLUSTER} --cluster-tls-cert=a.pem", "--cluster-tls-cert needs --cluster-tls-ca"),
        (
            f"{CLUSTER} --cluster-tls-ca=ca.pem",
            "--cluster-tls-ca does nothing without --cluster-tls-cert",
        ),
        (
            f"{CLUSTER} --cluster-tls-key=a.key",
            "--cluster-tls-key does nothing without --cluster-tls-cert",
        ),
        (
            "--cluster-tls-cert=a.pem --cluster-tls-ca=ca.pem",
            "--cluster-tls-cert does nothing without --cluster-listen",
        ),
        (
            f"{CLUSTER} --cluster-tls-cert= --cluster-tls-ca=ca.pem",
            "--cluster-tls-cert names no file",
        ),
        ("--redis-format=pickle", "is not one of redis-adapter, python-socketio"),
        ("--redis-format=python-socketio --redis-sharded", "contradict each other"),
    ],
)
def test_values_that_are_refused(line: str, reason: str) -> None:
    with pytest.raises(UsageError, match=re.escape(reason)):
        resolve(["module:application", *line.split()], {})


def test_the_files_for_tls_between_servers() -> None:
    line = f"{CLUSTER} --cluster-tls-cert=a.pem --cluster-tls-key=a.key --cluster-tls-ca=ca.pem"
    options = resolve(["module:application", *line.split()], {})
    assert options.cluster is not None
    assert options.cluster.tls == ("a.pem", "a.key", "ca.pem")
    assert options.has_certificates
    assert not resolve(["module:application", *CLUSTER.split()], {}).has_certificates


def test_the_address_for_other_servers() -> None:
    options = resolve(
        ["module:application", "--cluster-listen=[::1]:7000"],
        {"SIOSERVE_CLUSTER_SECRET": "0123456789abcdef"},
    )
    assert options.cluster == ClusterEndpoint("::1", 7000, "0123456789abcdef")
    assert resolve(["module:application"], {}).cluster is None


def test_the_address_for_other_servers_needs_redis() -> None:
    server = _sioserve.Server(lambda scope, receive, send: None)
    cluster = ClusterEndpoint("127.0.0.1", 0, "0123456789abcdef")
    with pytest.raises(ListenError, match=r"^--cluster-listen needs --redis \(docs/scaling"):
        listen_on(server, (), cluster)
    unusable = cluster._replace(tls=("\udcff.pem", "", "ca.pem"))
    with pytest.raises(StartupError, match="--cluster-listen is not valid UTF-8"):
        listen_on(server, (), unusable)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("rediss://:secret@host?ssl_ciphers=ALL", "it has an option other than ssl_cert_reqs"),
        ("rediss://:secret@host?ssl_keyfile=k", "it has ssl_keyfile without ssl_certfile"),
        ("localhost:6379", "it does not begin with redis://"),
        ("redis://:secret@host:port", "its port is not a number from 1 to 65535"),
    ],
)
def test_a_url_that_is_not_valid_is_refused_without_showing_the_password(
    url: str, reason: str
) -> None:
    arguments = server_arguments(Options(settings={"redis_url": url}))
    with pytest.raises(StartupError, match=reason) as raised, creation_errors(arguments):
        _sioserve.Server(lambda scope, receive, send: None, None, **arguments)
    assert "redis_url: the URL of Redis is not valid: " in str(raised.value)
    assert "secret" not in str(raised.value)


def test_certificates_for_redis_are_read_when_the_server_is_created(tmp_path: pathlib.Path) -> None:
    missing = tmp_path / "missing.pem"
    url = f"rediss://:secret@host?ssl_ca_certs={missing}"
    arguments = server_arguments(Options(settings={"redis_url": url}))
    with pytest.raises(StartupError) as raised, creation_errors(arguments):
        _sioserve.Server(lambda scope, receive, send: None, None, **arguments)
    reason = f"redis_url: cannot read {missing}: No such file or directory"
    assert str(raised.value) == f"A setting has an unusable value: {reason} (docs/settings.md)"
    # A Python process of --workers does not connect to Redis.
    _sioserve.ProcessServer(lambda scope, receive, send: None, None, **arguments)
