"""What the packages have recorded, in a form that does not depend on ids and times."""

from __future__ import annotations

import os
from typing import Any

VARIANT = os.environ["VARIANT"]
events: list[Any] = []


def start_sentry() -> None:
    import sentry_sdk
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.transport import Transport

    class Recorder(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            payloads = [item.payload.json for item in envelope.items]
            events.extend(payload for payload in payloads if payload and "event_id" in payload)

    sentry_sdk.init(
        dsn="http://key@127.0.0.1:1/1",
        transport=Recorder,
        traces_sample_rate=1.0,
        auto_session_tracking=False,
        integrations=[
            DjangoIntegration(
                middleware_spans=True, signals_spans=False, failed_request_status_codes={403, 500}
            )
        ],
    )


def start_opentelemetry() -> None:
    from opentelemetry import trace
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument()
    events.append(exporter)


def start_structlog() -> None:
    import structlog

    def record(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        events.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.contextvars.merge_contextvars, record])


def recorded() -> list[Any]:
    return sorted(_RECORDED[VARIANT](), key=repr)


def _sentry() -> list[Any]:
    return [
        _sentry_event(event)
        for event in events
        if "/recorded" not in event.get("request", {}).get("url", "/recorded")
    ]


def _sentry_event(event: Any) -> Any:
    # Middleware is synchronous here, and its hooks are called by themselves: other spans.
    # Connections persist.
    top = event["contexts"]["trace"]["span_id"]
    all_spans = {span["span_id"]: span for span in event.get("spans", ())}

    def parent(span: Any) -> Any:
        above = all_spans.get(span["parent_span_id"])
        if above is None:
            return "top" if span["parent_span_id"] == top else "UNKNOWN"
        return parent(above) if above["op"] == "middleware.django" else above["description"]

    spans = [
        [span["op"], span.get("description"), parent(span)]
        for span in all_spans.values()
        if span["op"] != "middleware.django" and span.get("description") != "connect"
    ]
    exceptions = [
        [one["type"], one["value"], one.get("mechanism", {}).get("type")]
        for one in event.get("exception", {}).get("values", ())
    ]
    crumbs = [one.get("message") for one in event.get("breadcrumbs", {}).get("values", ())]
    return [
        event.get("type", "error"),
        event.get("transaction"),
        event.get("transaction_info"),
        event.get("tags"),
        event["request"]["url"].split("/", 3)[-1],
        exceptions,
        [crumb for crumb in crumbs if crumb and crumb.startswith("crumb")],
        spans,
    ]


def _opentelemetry() -> list[Any]:
    spans = events[0].get_finished_spans()
    by_id = {span.context.span_id: span for span in spans}

    def path(span: Any) -> list[str]:
        above = by_id.get(span.parent.span_id) if span.parent else None
        return [*(path(above) if above else ["UNKNOWN"] if span.parent else []), span.name]

    return [
        [
            path(span),
            str(span.kind),
            str(span.status.status_code),
            [event.name for event in span.events],
            {
                name: value
                for name, value in span.attributes.items()
                if name in ("http.route", "http.status_code", "number", "http.method")
            },
        ]
        for span in spans
        # Django waits for the client's disconnect in each request, sioserve's handler where needed.
        if "recorded" not in span.name and not span.name.endswith("http receive")
    ]


def _toolbar() -> list[Any]:
    from debug_toolbar.store import get_store

    store, found = get_store(), []
    for request in store.request_ids():
        panels = dict(store.panels(request))
        history = panels.get("HistoryPanel", {})
        sql = panels.get("SQLPanel", {})
        found.append(
            [
                history.get("request_url"),
                panels.get("RequestPanel", {}).get("view_func"),
                [query["sql"].split("FROM")[-1] for query in sql.get("queries", ())],
                sorted(panels),
            ]
        )
    return [one for one in found if "recorded" not in str(one[0])]


def _silk() -> list[Any]:
    from silk.models import Request

    return [
        [
            request.path,
            request.view_name,
            request.num_sql_queries,
            request.response.status_code,
            [query.query.split("FROM")[-1] for query in request.queries.order_by("start_time")],
        ]
        for request in Request.objects.select_related("response").exclude(path="/recorded")
    ]


def _structlog() -> list[Any]:
    by_request: dict[Any, list[Any]] = {}
    for event in events:
        if "recorded" in str(event.get("request")):
            continue
        kept = {
            name: str(event.get(name))
            for name in ("event", "request", "user_id", "code", "number", "error", "exc_info")
            if name in event
        }
        kept["exc_info"] = bool(kept.get("exc_info"))
        by_request.setdefault(event.get("request_id"), []).append(kept)
    return [one for one in by_request.values() if "recorded" not in str(one)]


def _nothing() -> list[Any]:
    return []


_RECORDED = {
    "sentry": _sentry,
    "opentelemetry": _opentelemetry,
    "opentelemetry-asgi": _opentelemetry,
    "toolbar": _toolbar,
    "silk": _silk,
    "structlog": _structlog,
    "rest": _nothing,
}
