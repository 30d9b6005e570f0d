"""A module that imports a missing module."""

import a_module_that_is_not_there  # noqa: F401
