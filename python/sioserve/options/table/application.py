"""Options: what is served, and where the options themselves come from."""

from __future__ import annotations

from sioserve.options.kinds import DIRECTORY, FILE, ROOT_PATH, TEXT, choice, named
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
            "where the application's module is looked for first",
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
            'where the application stands below a proxy: root_path in its scopes, "/shop"',
            default="",
            shown_default="none",
            setting="root_path",
        ),
        Option(
            "lifespan",
            choice("auto", "on", "off"),
            "lifespan events: if the application supports them, demanded, or never sent",
            default="auto",
        ),
        Option(
            "loop",
            choice("auto", "asyncio", "uvloop"),
            "the event loop; auto is uvloop where it is installed",
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
