"""A project without Channels; live/sockets.py is found by its file name."""

from __future__ import annotations

from base_settings import *  # noqa: F403
from base_settings import INSTALLED_APPS as BASE_APPS

INSTALLED_APPS = [*BASE_APPS, "live"]
