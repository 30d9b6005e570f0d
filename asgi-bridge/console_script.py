#!python
"""The command `sioserve`, where it is not an executable. Installers replace the first line."""

import sys

from sioserve.command import main

if __name__ == "__main__":
    sys.exit(main())
