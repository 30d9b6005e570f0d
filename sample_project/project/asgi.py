"""The ASGI application: Django, a Channels consumer and Socket.IO side by side.

Run it from the project's folder: sioserve project.asgi:application
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

# Below this line because these modules import models.
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.urls import path, re_path

from chat.clock import ClockConsumer
from chat.consumers import ChatConsumer

socketio = ChatConsumer.as_asgi()

application = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [
                re_path(r"^socket\.io/?$", AuthMiddlewareStack(socketio)),
                re_path(r"", ASGIStaticFilesHandler(django_application)),
            ]
        ),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter(
                    [
                        re_path(r"^socket\.io/?$", socketio),
                        path("ws/clock/", ClockConsumer.as_asgi()),
                    ]
                )
            )
        ),
    }
)
