"""native.py with the settings of the environment variable SIO_SETTINGS, a JSON object."""

from __future__ import annotations

import json
import os

from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], **json.loads(os.environ["SIO_SETTINGS"]))

from native import application  # noqa: E402

__all__ = ["application"]
