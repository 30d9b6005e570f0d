"""Socket.IO inside the routing of Channels, on several paths."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routed_settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from consumers import LobbyConsumer, ReportConsumer, RootConsumer  # noqa: E402
from django.urls import re_path  # noqa: E402

mounts = [
    re_path(r"^socket\.io/?$", RootConsumer.as_asgi()),
    re_path(r"^games/(?P<game>\w+)/live/?$", LobbyConsumer.as_asgi()),
    re_path(r"^reports/socket\.io/?$", ReportConsumer.as_asgi()),
]
application = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [
                re_path(r"^(?=socket\.io|games/|reports/)", AuthMiddlewareStack(URLRouter(mounts))),
                re_path(r"", django_application),
            ]
        ),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(mounts))),
    }
)
