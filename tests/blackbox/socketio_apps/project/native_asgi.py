"""Django and natively served Socket.IO."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "native_settings")

application = get_asgi_application()
