"""`python -m sioserve`: the command, in an interpreter that runs already."""

from __future__ import annotations

import sys

from sioserve.cli import main

sys.exit(main())
