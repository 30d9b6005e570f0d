"""ClusterCore: the native server in a cluster, as type checkers see it."""

from collections.abc import Iterable, Sequence
from typing import Any

class ClusterCore:
    """The methods of the native server for the cluster, as type checkers see them: the native class
    does not inherit from this one.
    """

    def listen_cluster(
        self, host: str, port: int, secret: str, tls: tuple[str, str, str] | None = None, /
    ) -> str:
        """Before start(), once: listen for requests that other servers forward, and forward those
        whose sessions are there. Others must reach this one at `host`; port 0: any free one.
        `tls`: the files of a certificate, its key ("": the same file) and the authorities that sign
        those of all servers; they are watched from start() on. Without it, nothing is encrypted.
        Returns "host:port". Raises OSError with a sentence for the user, also without redis_url.
        """

    def change_sockets(
        self,
        change: str,
        namespace: str,
        rooms: Iterable[str],
        except_rooms: Iterable[str],
        changed_rooms: Iterable[str],
        /,
    ) -> None:
        """Any thread. "join" or "leave", with the rooms, "disconnect" or "close_session", for the
        sockets of the other servers of the cluster; `rooms` and `except_rooms` as in broadcast().
        """

    def ask_servers(
        self,
        number: int,
        topic: str,
        namespace: str,
        rooms: Iterable[str],
        except_rooms: Iterable[str],
        args: Sequence[Any],
        timeout_ms: int,
        volatile: bool,
        compress: bool,
        /,
    ) -> None:
        """Any thread. Ask the other servers of the cluster: "fetch_sockets", "server_side_emit",
        "broadcast" (with acknowledgements), "counters" or "count". Unless the number is 0,
        Dispatcher.servers_answered() is called, after the timeout at the latest.
        """

    def answer_server(self, number: int, answer: Sequence[Any], /) -> None:
        """Any thread. The answer to Dispatcher.asked_by_server(): a list with one value."""
