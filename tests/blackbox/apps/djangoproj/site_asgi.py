"""The ASGI application of the Django project that the black-box tests run."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402
from django.urls import path  # noqa: E402
from site_consumers import EchoConsumer, FailingConsumer, WhoConsumer  # noqa: E402

websockets = URLRouter(
    [
        path("ws/echo/", EchoConsumer.as_asgi()),
        path("ws/who/", WhoConsumer.as_asgi()),
        path("ws/fail/", FailingConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter(
    {
        "http": ASGIStaticFilesHandler(django_application),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(websockets)),
    }
)
