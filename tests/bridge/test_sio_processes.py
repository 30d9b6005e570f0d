"""Requests between the Python processes of one server, without a server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sio.processes import Processes


def no_default(value: Any) -> Any:
    raise TypeError(f"{value!r} is not JSON")


class Core:
    """The native server of one process; the others are those in `cluster`."""

    def __init__(self, cluster: dict[int, Processes], number: int) -> None:
        self.cluster = cluster
        self.number = number

    def other_processes(self) -> list[int]:
        return [number for number in self.cluster if number != self.number]

    def tell_processes(self, payload: str, to: int = 0) -> None:
        for number, processes in self.cluster.items():
            if number != self.number and to in (0, number):
                processes.receive(self.number, payload)


def cluster_of(count: int, handle: Any) -> list[Processes]:
    cluster: dict[int, Processes] = {}
    for number in range(1, count + 1):
        cluster[number] = Processes(no_default)
        cluster[number].bind(Core(cluster, number), handle)  # type: ignore[arg-type]
    return list(cluster.values())


@pytest.mark.parametrize(
    "value",
    [
        b"\x00\xff",
        {"sio.bytes": "x"},
        {"sio.bytes": "eA=="},
        {"sio.bytes": [b"x", {"sio.bytes": {"sio.bytes": b"y"}}]},
        {"sio.bytes": "x", "more": [(1, bytearray(b"z"))]},
    ],
)
def test_values_of_clients_arrive_as_they_are(value: Any) -> None:
    async def echo(what: str, content: dict[str, Any]) -> Any:
        return content["value"]

    async def main() -> None:
        one, _ = cluster_of(2, echo)
        (answer,) = await one.ask("echo", {"value": value}, 30)
        assert answer == as_lists(value)

    asyncio.run(main())


def as_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_lists(one) for key, one in value.items()}
    return list(map(as_lists, value)) if isinstance(value, (list, tuple)) else value


def test_a_process_that_leaves_while_the_others_are_found_is_not_waited_for() -> None:
    async def main() -> None:
        async def handle(what: str, content: dict[str, Any]) -> Any: ...

        class LeavingCore:
            def other_processes(self) -> list[int]:
                processes.left(2)  # on the event loop, while another thread asks
                return [2]

            def tell_processes(self, payload: str, to: int = 0) -> None: ...

        processes = Processes(no_default)
        processes.bind(LeavingCore(), handle)  # type: ignore[arg-type]
        assert await asyncio.wait_for(processes.ask("fetch", {}, None), 30) == []

    asyncio.run(main())


def test_an_answer_that_is_not_json_does_not_let_the_asker_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handle(what: str, content: dict[str, Any]) -> Any:
        return object()

    async def main() -> None:
        one, _ = cluster_of(2, handle)
        assert await asyncio.wait_for(one.ask("pid?", {}, None), 30) == [None]

    asyncio.run(main())
    assert "is not JSON" in caplog.text
