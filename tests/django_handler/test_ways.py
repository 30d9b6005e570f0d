"""Where a request runs: threads, signals, order, contexts."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from conftest import STARTPROJECT
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings
from notes import note, noted, threads, values
from views import local, variable
from world import Exchange, connected, noted_signals, only, world

BOTH = pytest.mark.parametrize("suffix", ["", "-async"])


@pytest.mark.only_ours("Django changes threads around each middleware")
@override_settings(MIDDLEWARE=[*STARTPROJECT, "middleware.Hooks"])
async def test_a_sync_request_runs_on_one_thread() -> None:
    async with world() as server:
        with noted_signals():
            exchange = await server.ask("/hello")
    assert (exchange.status, exchange.body) == (200, b"hello")
    assert noted() == [
        "hooks constructed",
        "started",
        "hooks request",
        "hooks view",
        "view",
        "hooks response",
        "closed",
        "finished",
    ]
    thread = only(threads("started", "hooks request", "view", "hooks response", "finished"))
    assert thread != threading.get_ident()
    assert server.hops == 1
    assert values["started"] == (ASGIHandler, ["scope"])
    assert values["finished"] is ASGIHandler


@pytest.mark.only_ours("Django changes threads around each middleware")
async def test_an_async_request_behind_startproject_needs_no_thread() -> None:
    async with world() as server:
        for _ in range(2):  # the URLconf is imported on a thread
            await server.ask("/hello")
        server.hops = 0
        exchange = await server.ask("/hello-async")
    assert (exchange.status, exchange.body) == (200, b"hello")
    assert exchange.header(b"x-frame-options") == b"DENY"
    assert server.hops == 0


@pytest.mark.only_ours("Django changes threads around each middleware")
async def test_middleware_that_sentry_wraps_needs_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import middleware
    from django.core.handlers import base

    import_string = base.import_string
    monkeypatch.setattr(
        base, "import_string", lambda path: middleware.wrapped_as_by_sentry(import_string(path))
    )
    async with world() as server:
        for _ in range(2):
            await server.ask("/hello")
        server.hops = 0
        begin = len(noted())
        exchange = await server.ask("/hello-async")
    assert (exchange.status, exchange.body) == (200, b"hello")
    assert exchange.header(b"x-frame-options") == b"DENY"
    assert server.hops == 0
    assert noted()[begin:].count("observed process_request") == 6
    assert noted()[begin:].count("observed process_response") == 6


@pytest.mark.only_ours("Django changes threads around each middleware")
@override_settings(MIDDLEWARE=[*STARTPROJECT, "middleware.Hooks", "middleware.OtherHooks"])
async def test_neighbours_that_may_block_take_one_hop() -> None:
    async with world() as server:
        await server.ask("/hello")
        server.hops = 0
        exchange = await server.ask("/hello-async")
    assert exchange.status == 200
    # process_request, process_view and process_response of both.
    assert server.hops == 3
    assert noted()[-8:] == [
        "hooks request",
        "other request",
        "hooks view",
        "other view",
        "view",
        "other response",
        "hooks response",
        "closed",
    ]


@pytest.mark.only_ours("in Django's chain MiddlewareMixin.__call__ returns a coroutine")
@BOTH
@override_settings(
    MIDDLEWARE=[
        "middleware.sync_function",
        "middleware.Hooks",
        "middleware.both",
        "middleware.CountsSubclass",
        "middleware.NotUsed",
        *STARTPROJECT,
    ]
)
async def test_middleware_of_all_kinds_in_order(suffix: str) -> None:
    async with world() as server:
        await server.ask("/hello")
        constructed = [what for what in noted() if what.endswith("constructed")]
        assert constructed == ["both constructed", "hooks constructed", "function constructed"]
        begin = len(noted())
        with noted_signals():
            exchange = await server.ask(f"/hello{suffix}")
    assert exchange.header(b"x-function") == b"yes"
    assert noted()[begin:] == [
        "started",
        "function request",
        "hooks request",
        "both request",
        "call begins",
        "call request",
        "hooks view",
        "view",
        "call ends",
        "both response",
        "hooks response",
        "function response",
        "closed",
        "finished",
    ]
    if suffix:
        assert threads("view") >= {threading.get_ident()}
    only(threads("function request", "hooks request", "call begins", "hooks response"))


@pytest.mark.only_ours("about the choice of the handler")
@override_settings(MIDDLEWARE=["middleware.OnlyAsync", "middleware.Hooks"])
async def test_middleware_that_is_only_asynchronous_gets_djangos_handler() -> None:
    from sioserve.django.handler import Handler

    async with world() as server:
        assert type(server.handler) is ASGIHandler
        assert "OnlyAsync is asynchronous only" in (Handler.chosen or "")
        with noted_signals():
            exchange = await server.ask("/hello")
    assert exchange.body == b"hello"
    assert noted().count("hooks constructed") == 1


@BOTH
@pytest.mark.parametrize(
    ("middleware", "status", "body"),
    [
        ("middleware.Answers", 200, b"answer of middleware"),
        ("middleware.FailsInRequest", 500, b"broken"),
        ("middleware.FailsInResponse", 500, b"broken"),
        ("middleware.AnswersView", 200, b"answer of process_view"),
    ],
)
async def test_middleware_that_answers_or_fails(
    suffix: str, middleware: str, status: int, body: bytes
) -> None:
    with override_settings(MIDDLEWARE=["middleware.Hooks", *STARTPROJECT, middleware]):
        async with world() as server:
            await server.ask("/state")
            begin = len(noted())
            exchange = await server.ask(f"/hello{suffix}")
    assert (exchange.status, exchange.body) == (status, body)
    seen = noted()[begin:]
    assert "not reached" not in seen
    assert seen[-1] == "hooks response" or seen[-2:] == ["hooks response", "closed"]
    assert ("answers response" in seen) == (middleware == "middleware.Answers")


@BOTH
@override_settings(MIDDLEWARE=["middleware.HandlesException", *STARTPROJECT])
async def test_exception_middleware(suffix: str) -> None:
    async with world() as server:
        exchange = await server.ask(f"/fails{suffix}")
    assert exchange.body == b"handled a view has failed"


@BOTH
@override_settings(MIDDLEWARE=["middleware.Hooks", *STARTPROJECT])
async def test_template_response_middleware(suffix: str) -> None:
    async with world() as server:
        exchange = await server.ask(f"/template{suffix}")
    assert exchange.body == b"rendered by middleware"
    assert noted()[-4:] == ["hooks view", "hooks template", "render", "hooks response"]


@BOTH
@pytest.mark.parametrize("status", [404, 403, 400])
async def test_exceptions_become_responses(suffix: str, status: int) -> None:
    async with world() as server:
        exchange = await server.ask(f"/raises{suffix}/{status}")
    assert exchange.status == status


@BOTH
@pytest.mark.parametrize("middleware", [[], ["middleware.Hooks"], ["middleware.sync_function"]])
async def test_what_replaces_response_for_exception_is_called(
    suffix: str, middleware: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentry replaces it in its init(), which may come after the import of the handler."""
    from django.core.handlers import exception

    original = exception.response_for_exception

    def replaced(request: Any, error: Exception) -> Any:
        note(f"response for {type(error).__name__}")
        return original(request, error)

    monkeypatch.setattr(exception, "response_for_exception", replaced)
    with override_settings(MIDDLEWARE=middleware):
        async with world() as server:
            exchange = await server.ask(f"/raises{suffix}/403")
    assert exchange.status == 403
    assert noted().count("response for PermissionDenied") == 1


@pytest.mark.only_ours("Django runs handler500 on another thread")
@BOTH
async def test_handler500_runs_on_the_thread_and_connection_of_the_request(suffix: str) -> None:
    values.clear()
    async with world() as server:
        await server.ask("/orm")
        exchange = await server.ask(f"/fails{suffix}")
        await server.ask("/orm")
    assert (exchange.status, exchange.body) == (500, b"broken")
    assert len(set(values["connections"])) == 1
    assert len(values["connections"]) == 3


@pytest.mark.only_ours("Django never answers")
@BOTH
async def test_a_view_that_raises_stop_iteration_is_answered(suffix: str) -> None:
    async with world() as server:
        exchange = await server.ask(f"/stops{suffix}")
    assert exchange.status == 500


@BOTH
async def test_a_view_that_returns_nothing_is_an_error(suffix: str) -> None:
    async with world() as server:
        exchange = await server.ask(f"/nothing{suffix}")
    assert exchange.status == 500


@pytest.mark.only_ours("Django 5.0 and newer serve the request in a task of its own")
@BOTH
async def test_contexts_reach_the_view_and_come_back(suffix: str) -> None:
    seen: list[tuple[str, str]] = []

    async def around(handler: Any, scope: Any, receive: Any, send: Any) -> None:
        variable.set("middleware")
        local.value = "middleware"
        await handler(scope, receive, send)
        seen.append((variable.get(), local.value))

    async with world() as server:
        server.wrap(around)
        exchange = await server.ask(f"/context{suffix}")
    assert exchange.body == b"middleware middleware"
    assert seen == [("view", "view")]


@BOTH
async def test_nothing_leaks_into_the_next_request(suffix: str) -> None:
    async with world(limit=1) as server:
        first = await server.ask(f"/state{suffix}", root_path="/prefix")
        for _ in range(2):
            assert (await server.ask("/context")).body == b"none none"
            second = await server.ask(f"/state{suffix}")
            assert second.body == first.body.replace(b"/prefix", b"")


async def test_async_to_sync_in_a_view_uses_the_servers_loop() -> None:
    async with world() as server:
        exchange = await server.ask("/loop")
        assert exchange.body == b"loop"
        assert values["loop"] is asyncio.get_running_loop()
    assert values["thread"] is True


async def test_synchronous_calls_of_an_async_view_share_a_thread_and_connection() -> None:
    values.clear()
    async with world() as server:
        for _ in range(3):
            await server.ask("/orm-async")
    assert len(values["connections"]) == 9
    assert len(set(values["connections"])) == 1
    assert len(threads("view")) == 1


async def test_connections_persist() -> None:
    values.clear()
    async with world() as server:
        for _ in range(20):
            await server.ask("/orm")
    assert len(set(values["connections"])) == 1


async def test_a_thread_that_the_request_has_already_is_used() -> None:
    """ASGI middleware around Django may have used the database."""
    from asgiref.sync import sync_to_async

    async def around(handler: Any, scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(note)("middleware")
        await handler(scope, receive, send)

    async with world() as server:
        server.wrap(around)
        await asyncio.gather(*(server.ask("/hello") for _ in range(4)))
    assert threads("middleware") == threads("view")


@BOTH
@pytest.mark.parametrize("path", ["/hello", "/stream", "/bytes-file"])
async def test_asgi_middleware_may_use_the_thread_while_it_sends(suffix: str, path: str) -> None:
    """Channels' SessionMiddleware stores the session then, and loads it before."""
    from asgiref.sync import sync_to_async

    async def around(handler: Any, scope: Any, receive: Any, send: Any) -> None:
        async def noted_send(message: Any) -> None:
            await sync_to_async(note)("send")
            await send(message)

        await sync_to_async(note)("middleware")
        await handler(scope, receive, noted_send)

    async with world() as server:
        server.wrap(around)
        exchange = await server.ask(path + ("" if path == "/bytes-file" else suffix))
    assert exchange.status == 200
    assert exchange.body in (b"hello", b"0 1 2 ", b"x" * 200_000)
    assert noted().count("send") == len(exchange.sent)
    only(threads("middleware", "send"))


@BOTH
@pytest.mark.parametrize("path", ["/hello", "/stream", "/session", "/orm", "/fails"])
async def test_inside_of_channels(suffix: str, path: str) -> None:
    """Its middleware reads the session and the user before, and stores the session."""
    channels = pytest.importorskip("channels.auth")
    values.clear()

    async def around(handler: Any, scope: Any, receive: Any, send: Any) -> None:
        await channels.AuthMiddlewareStack(handler)(scope, receive, send)

    async with world(limit=1) as server:
        first = await server.ask("/session")
        cookie = (first.header(b"set-cookie") or b"").partition(b";")[0]
        server.wrap(around)
        for _ in range(3):
            exchange = await server.ask(f"{path}{suffix}", headers=[(b"cookie", cookie)])
            assert exchange.status == (500 if path == "/fails" else 200)
        assert server.threads.figures().idle == 1


@pytest.mark.parametrize("middleware_uses_thread", [False, True])
@pytest.mark.parametrize("path", ["/context-stream", "/context-async-stream"])
async def test_streams_of_a_sync_view_see_its_context(
    path: str, middleware_uses_thread: bool
) -> None:
    from asgiref.sync import sync_to_async

    async def around(handler: Any, scope: Any, receive: Any, send: Any) -> None:
        if middleware_uses_thread:
            await sync_to_async(note)("middleware")
        await handler(scope, receive, send)

    async with world() as server:
        server.wrap(around)
        exchange = await server.ask(path)
    assert exchange.body == b"view view"


@BOTH
async def test_receivers_of_signals_may_be_asynchronous(suffix: str) -> None:
    if not hasattr(signals.request_started, "asend"):
        pytest.skip("Django 5.0 and newer")

    async def started(**named: Any) -> None:
        note("started asynchronously")

    async def finished(**named: Any) -> None:
        note("finished asynchronously")

    async with world() as server:
        await server.ask("/hello")
        begin = len(noted())
        with (
            connected(signals.request_started, started),
            connected(signals.request_finished, finished),
        ):
            await server.ask(f"/hello{suffix}")
    assert noted()[begin:] == [
        "started asynchronously",
        "view",
        "closed",
        "finished asynchronously",
    ]


@BOTH
@pytest.mark.parametrize("target", ["/where", "/where-async"])
@override_settings(MIDDLEWARE=["middleware.OtherPath", *STARTPROJECT])
async def test_middleware_may_change_the_path(suffix: str, target: str) -> None:
    values["path_info"] = target
    async with world() as server:
        await server.ask("/hello")
        exchange = await server.ask(f"/hello{suffix}")
    assert exchange.body.decode() == f"{target} {target[1:]}"


@BOTH
@override_settings(MIDDLEWARE=["middleware.OtherUrlconf", *STARTPROJECT])
async def test_middleware_may_change_the_urlconf(suffix: str) -> None:
    async with world() as server:
        await server.ask("/where")
        exchange = await server.ask(f"/where{suffix}")
    assert exchange.body.decode() == f"/where{suffix} other{suffix}"


@BOTH
@override_settings(
    ROOT_URLCONF="other_urls",
    MIDDLEWARE=["django.middleware.locale.LocaleMiddleware", *STARTPROJECT],
)
async def test_paths_of_languages(suffix: str) -> None:
    async with world() as server:
        for language in ("en", "de", "en"):
            exchange = await server.ask(f"/{language}/language{suffix}")
            assert exchange.body.decode() == f"/{language}/language{suffix} language{suffix}"
            assert exchange.header(b"content-language") == language.encode()


@override_settings(
    ROOT_URLCONF="other_urls",
    MIDDLEWARE=["django.middleware.locale.LocaleMiddleware", *STARTPROJECT],
)
async def test_translated_patterns() -> None:
    async with world() as server:
        for path, language, name in (
            ("/Yes", b"en", "translated"),
            ("/Yes", b"de", "fixed"),
            ("/Ja", b"de", "translated"),
        ):
            exchange = await server.ask(path, headers=[(b"accept-language", language)])
            assert exchange.body.decode() == f"{path} {name}"


@BOTH
async def test_sessions_are_stored(suffix: str) -> None:
    async with world() as server:
        first = await server.ask(f"/session{suffix}")
        cookie = (first.header(b"set-cookie") or b"").partition(b";")[0]
        second = await server.ask(f"/session{suffix}", headers=[(b"cookie", cookie)])
    assert (first.body, second.body) == (b"1", b"2")


async def test_atomic_requests() -> None:
    from django.db import connections

    settings = connections.settings["default"]
    settings["ATOMIC_REQUESTS"] = True
    try:
        async with world() as server:
            assert (await server.ask("/atomic")).body == b"True"
            assert (await server.ask("/hello-async")).status == 500
    finally:
        settings["ATOMIC_REQUESTS"] = False


async def test_the_scope_is_the_requests() -> None:
    async with world() as server:
        exchange = await server.ask("/scope", added="by Channels")
    assert exchange.body == b'["by Channels", "ASGIRequest"]'


async def test_without_threads_of_a_server_the_handler_works_too() -> None:
    """Tests call the application without a server; other servers have no threads for it."""
    from sioserve.django.handler import Handler

    handler = Handler()
    for path in ("/hello", "/hello-async", "/orm", "/stream", "/fails"):
        exchange = Exchange(path)
        with noted_signals():
            await handler(exchange.scope, exchange.receive, exchange.send)
        assert exchange.status == (500 if path == "/fails" else 200)
    assert noted().count("finished") == 5


async def test_a_request_that_cannot_be_read_is_answered() -> None:
    async with world() as server:
        with noted_signals():
            exchange = await server.ask("/hello", query_string=b"\xff")
    assert exchange.status == 400
    assert noted() == ["started", "finished"]


async def test_only_http_is_served() -> None:
    async with world() as server:
        with pytest.raises(ValueError, match="can only handle ASGI/HTTP"):
            await server.handler({"type": "websocket"}, None, None)
