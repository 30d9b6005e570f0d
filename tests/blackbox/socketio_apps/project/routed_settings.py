"""A project that routes Socket.IO through Channels, as users of django-sio do."""

from __future__ import annotations

from base_settings import *  # noqa: F403
from base_settings import INSTALLED_APPS as BASE_APPS

INSTALLED_APPS = [*BASE_APPS, "channels"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
