"""A polling session whose requests go to a server that does not have it."""

from __future__ import annotations

from typing import Any

import httpx

from .engineio import TIMEOUT, PollingSession
from .server import ServerProcess
from .waiting import eventually_async


class WanderingSession(PollingSession):
    """Its session is on `owner`; all requests after the handshake go to `other`."""

    def __init__(self, owner: ServerProcess, other: ServerProcess, **settings: Any) -> None:
        super().__init__(owner.url, **settings)
        self.other = other

    async def open(self) -> None:
        await super().open()
        await self.http.aclose()
        self.url = self.other.url
        self.http = httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=TIMEOUT)
        await eventually_async(self._is_known)

    async def _is_known(self) -> bool:
        """Whether the other server knows the owner, which refuses the version in this request."""
        response = await self.http.get(self.target.replace("EIO=4", "EIO=3"))
        assert response.status_code == 400
        return bool(response.json()["code"] == 3)
