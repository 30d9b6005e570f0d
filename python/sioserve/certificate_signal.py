"""SIGHUP: the certificates have been renewed."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Protocol


class HasCertificates(Protocol):
    """A Service with TLS."""

    def reload_certificates(self) -> None: ...


class ReloadCertificatesOnSignal:
    """Reads the certificates again after SIGHUP, for a server without --workers. May be called
    before the start.
    """

    def __init__(self) -> None:
        self._service: HasCertificates | None = None
        self._process = os.getpid()
        signal.signal(signal.SIGHUP, self._handle)

    def serve(self, service: HasCertificates) -> None:
        """Connections are accepted: from now on a signal has an effect."""
        self._service = service

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._service is not None and os.getpid() == self._process:
            self._service.reload_certificates()
