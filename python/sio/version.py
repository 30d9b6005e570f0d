"""The version of this package, which is that of sioserve."""

__version__ = "0.1.0"
