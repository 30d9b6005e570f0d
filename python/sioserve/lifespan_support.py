"""Whether an application is known to refuse lifespan events.

Django's handlers and Channels' routers raise an exception for them. If such an application is not
asked, no observer of exceptions (Sentry, OpenTelemetry) reports that as an error at each start.
"""

from __future__ import annotations

import sys
from typing import Any

# Packages that have the `__call__` of a handler of Django: Django, sioserve's own handler, and
# Sentry, which replaces it.
HANDLERS = ("django", "sioserve", "sentry_sdk")


def refuses_lifespan(application: Any) -> bool:
    """Only for an application of Django or Channels itself, also inside Sentry's middleware.

    False for subclasses with a `__call__` of their own, and for other middleware around the
    application: they may answer lifespan events.
    """
    while _is_instance(application, "sentry_sdk.integrations.asgi", "SentryAsgiMiddleware"):
        application = application.app
    if _is_instance(application, "channels.routing", "ProtocolTypeRouter"):
        return (
            _origin(application) == "channels" and "lifespan" not in application.application_mapping
        )
    is_handler = _is_instance(application, "django.core.handlers.asgi", "ASGIHandler")
    return is_handler and _origin(application) in HANDLERS


def _origin(application: Any) -> str:
    """The package that has the function of its `__call__`."""
    module: str = type(application).__call__.__module__
    return module.partition(".")[0]


def _is_instance(candidate: Any, module: str, name: str) -> bool:
    """Does not import the module: if nobody has, there is no instance."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(candidate, kind)
