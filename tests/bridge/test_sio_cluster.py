"""Requests to the other servers of a cluster, without them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sio
from sio.cluster import Cluster, Question


class Core:
    """Keeps what is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def ask_servers(self, *args: Any) -> None:
        self.asked.append(args)


async def handle(_: Any) -> None:
    raise AssertionError("nobody asks")


def make_cluster() -> tuple[Cluster, Core]:
    cluster, core = Cluster(), Core()
    cluster.bind(core, handle)  # type: ignore[arg-type]
    return cluster, core


async def test_a_request_gets_the_answers_that_have_come() -> None:
    cluster, core = make_cluster()
    asked = asyncio.ensure_future(_ask(cluster))
    await asyncio.sleep(0)
    cluster.answered(core.asked[0][0], [1, 2], 3, 1, 0, False)
    answers = await asked
    assert answers.values == [1, 2]
    with pytest.raises(sio.AckTimeout, match="1 of 3 other servers did not answer"):
        answers.complete()


async def test_a_refused_request_raises_cluster_busy() -> None:
    cluster, core = make_cluster()
    asked = asyncio.ensure_future(_ask(cluster))
    await asyncio.sleep(0)
    cluster.answered(core.asked[0][0], [], 0, 0, 0, True)
    with pytest.raises(sio.ClusterBusy, match="too many requests to other servers"):
        await asked


async def _ask(cluster: Cluster) -> Any:
    return await cluster.ask(Question("fetch_sockets", "/"), 5)
