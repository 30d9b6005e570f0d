"""`python -m sioserve`: the command, in a Python interpreter that already runs."""

from __future__ import annotations

import sys

from sioserve.command import main

sys.exit(main())
