#!python
"""The command `sioserve`, if it is no executable that embeds Python. Installers set the interpreter."""

import sys

from sioserve.command import main

if __name__ == "__main__":
    sys.exit(main())
