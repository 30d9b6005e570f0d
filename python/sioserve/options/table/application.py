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
            "env-file",
            FILE,
            "set environment variables from FILE before anything is imported (needs python-dotenv)",
        ),
        Option("config", FILE, "read options from a TOML file"),
    ),
)
