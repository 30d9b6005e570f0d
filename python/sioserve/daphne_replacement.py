"""Makes `import daphne.testing` work without daphne, because channels.testing imports it.

The replacement is found only if daphne is not installed. It has two modules, `daphne` (empty) and
`daphne.testing`; `import daphne.server` fails as before.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

PACKAGE = "daphne"
MODULE = "daphne.testing"


def install() -> None:
    """Make `import daphne.testing` work in this process. A second call changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())  # the last finder


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        package = sys.modules.get(PACKAGE)
        ours = package is None or isinstance(package.__loader__, _Finder)
        if fullname == PACKAGE or (fullname == MODULE and ours):
            return importlib.util.spec_from_loader(fullname, self, is_package=fullname == PACKAGE)
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__doc__ = "sioserve's stand-in for a daphne that is not installed."
        if module.__name__ == MODULE:
            from sioserve.testing import daphne_testing

            module.__dict__.update(
                {name: getattr(daphne_testing, name) for name in daphne_testing.__all__}
            )
