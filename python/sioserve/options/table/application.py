"""Options: the served application, and the sources of options."""

from __future__ import annotations

from sioserve.options.kinds import DIRECTORY, FILE, NUMBER, ROOT_PATH, TEXT, choice, named
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "Application",
    (
        Option(
            "application",
            named(TEXT, "APPLICATION"),
            "the ASGI application as module:attribute, for example project.asgi:application",
            positional=True,
        ),
        Option(
            "app-dir",
            DIRECTORY,
            "folder that is searched first for the application's module",
            default=".",
            shown_default="the working directory",
        ),
        switch(
            "factory",
            "APPLICATION is a function without arguments that returns the application",
            default=False,
        ),
        Option(
            "root-path",
            ROOT_PATH,
            'root_path of the scopes: the path prefix behind a proxy, for example "/shop"',
            default="",
            shown_default="none",
            setting="root_path",
        ),
        Option(
            "lifespan",
            choice("auto", "on", "off"),
            "lifespan events: used if the application supports them, required, or never sent",
            default="auto",
        ),
        Option(
            "loop",
            choice("auto", "asyncio", "uvloop"),
            "the event loop; auto uses uvloop if it is installed",
            default="auto",
        ),
        Option(
            "threads",
            NUMBER,
            "synchronous views and handlers that run at the same time; the others wait",
            default=0,
            shown_default="8 for each core and 8, at most 64; ASGI_THREADS if it is set",
        ),
        Option(
            "thread-queue",
            NUMBER,
            "requests to synchronous views that may wait for a thread; more get 503",
            default=1000,
        ),
        Option(
            "django-handler",
            choice("auto", "stock"),
            "what calls views and middleware of a Django project: sioserve's handler where it can, "
            "or Django's own",
            default="auto",
        ),
        Option(
            "env-file",
            FILE,
            "set environment variables from FILE before anything is imported (needs python-dotenv)",
        ),
        Option("config", FILE, "read options from a TOML file"),
    ),
)
