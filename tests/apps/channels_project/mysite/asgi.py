"""Django and the chat's consumers."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from chat.consumers import ArchiveConsumer, ChatConsumer  # noqa: E402
from django.urls import path  # noqa: E402

websockets = URLRouter(
    [
        path("ws/chat/<slug:room>/", ChatConsumer.as_asgi()),
        path("ws/archive/", ArchiveConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(websockets)),
    }
)
