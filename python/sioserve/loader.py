"""Imports the ASGI application `module:attribute`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from typing import Any

from sioserve.errors import StartupError
from sioserve.interface import single_callable
from sioserve.wsgi import is_wsgi


def load_application(reference: str, *, factory: bool = False) -> Any:
    """Import `module:attribute` (dots in the attribute allowed) and return the ASGI 3 callable.

    With `factory` it is called without arguments first. ASGI 2 applications are wrapped. Raises
    StartupError.
    """
    module_name, colon, attribute_path = reference.partition(":")
    if not module_name or not colon or not attribute_path:
        raise StartupError(
            f'"{reference}" does not name an application; '
            'write module:attribute, for example "project.asgi:application" '
            "(docs/asgi.md#the-application)."
        )
    target: Any = _import_module(module_name)
    for name in attribute_path.split("."):
        if not hasattr(target, name):
            raise StartupError(f'Module "{module_name}" has no attribute "{attribute_path}".')
        target = getattr(target, name)
    if not callable(target):
        raise StartupError(
            f'"{reference}" is not callable, so it is no ASGI application '
            "(docs/asgi.md#the-application)."
        )
    if factory:
        target = _made_by(target, reference)
    elif _takes_no_arguments(target):
        raise StartupError(
            f'"{reference}" takes no arguments, so it is no ASGI application; '
            "if it makes one, add --factory."
        )
    if is_wsgi(target):
        raise StartupError(_wsgi_failure(reference))
    return single_callable(target)


def _made_by(factory: Any, reference: str) -> Any:
    try:
        application = factory()
    except Exception as error:
        raise StartupError(
            f'Calling "{reference}" raised {type(error).__name__}: {error}'
        ) from error
    if not callable(application):
        raise StartupError(
            f'"{reference}" returned {application!r}, which is no ASGI application '
            "(docs/asgi.md#the-application)."
        )
    return application


def _takes_no_arguments(target: Any) -> bool:
    try:
        return not inspect.signature(target).parameters
    except (TypeError, ValueError):  # not every callable has a signature
        return False


def _wsgi_failure(reference: str) -> str:
    message = f'"{reference}" looks like a WSGI application; sioserve serves ASGI applications.'
    module, _, attribute = reference.partition(":")
    package, dot, last = module.rpartition(".")
    asgi = f"{package}{dot}asgi"
    if last == "wsgi" and importlib.util.find_spec(asgi) is not None:
        return f'{message} Try "{asgi}:{attribute}".'
    return (
        f"{message} asgiref.wsgi.WsgiToAsgi makes one of it, at the cost of a thread per request "
        "(docs/asgi.md#the-application)."
    )


def _import_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only the module itself, or one of its parent packages: any other name is an import
        # that failed inside the application.
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise StartupError(
                f'Module "{name}" was not found; is the working directory the one that holds it?'
            ) from None
        raise _import_failure(name, error) from error
    except Exception as error:
        raise _import_failure(name, error) from error


def _import_failure(name: str, error: Exception) -> StartupError:
    return StartupError(f'Importing "{name}" raised {type(error).__name__}: {error}')
