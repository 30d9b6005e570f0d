"""--log-config: configures Python's logging from a file."""

from __future__ import annotations

import json
import logging.config
import pathlib
from typing import Any

from sioserve.errors import StartupError

YAML = (".yaml", ".yml")


def apply_log_config(path: str) -> None:
    """Read an ini, JSON or YAML file, by its extension. Raises StartupError.

    Loggers that the file doesn't name are not changed, unless it sets disable_existing_loggers.
    """
    file = pathlib.Path(path)
    try:
        if file.suffix == ".json":
            _apply_dict(json.loads(file.read_text()))
        elif file.suffix in YAML:
            _apply_dict(_yaml(file.read_text()))
        else:
            import configparser

            parser = configparser.RawConfigParser()
            parser.read_string(file.read_text(), path)
            logging.config.fileConfig(parser, disable_existing_loggers=False)
    except StartupError:
        raise
    except OSError as error:
        raise StartupError(f"--log-config: {error.filename or path}: {error.strerror}") from None
    except Exception as error:
        # For a wrong value, logging has the useful message in the cause.
        reason = f"{error} ({error.__cause__})" if error.__cause__ else f"{error!r}"
        raise StartupError(
            f"--log-config: {path} is no logging configuration (docs/logging.md): {reason}"
        ) from None


def _apply_dict(config: Any) -> None:
    if not isinstance(config, dict):
        raise ValueError("it holds no mapping")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **config})


def _yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise StartupError(
            "--log-config needs PyYAML for a YAML file, which is not installed: "
            "pip install 'sioserve[yaml]'"
        ) from None
    return yaml.safe_load(text)
