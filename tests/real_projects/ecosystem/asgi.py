"""The ASGI application, with what a package wants around it."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import recorded
from django.core.asgi import get_asgi_application  # as startproject's file has it

if recorded.VARIANT.startswith("opentelemetry"):
    recorded.start_opentelemetry()
if recorded.VARIANT == "structlog":
    recorded.start_structlog()
application = get_asgi_application()
if recorded.VARIANT == "opentelemetry-asgi":
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    application = OpenTelemetryMiddleware(application)
