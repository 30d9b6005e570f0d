"""Exists, but imports a module that does not."""

import a_module_that_is_not_there  # noqa: F401
