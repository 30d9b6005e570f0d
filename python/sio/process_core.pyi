"""ProcessCore: the native server among other processes (--workers), as type checkers see it."""

from collections.abc import Iterable
from typing import Any

class ProcessCore:
    """The methods of the native server for Python processes of their own. The native class does not
    inherit from this one.
    """

    def tell_processes(self, payload: str, to: int = 0, /) -> None:
        """Any thread. Dispatcher.told() is called with this text in another Python process of the
        same server, or in all others, when what was commanded before has happened.
        """

    def keep_session(self, session: int, state: str, /) -> None:
        """Any thread. Keep this for the next process of the session: Dispatcher.session_moved()."""

    def keep_socket(self, socket: int, state: str, /) -> None:
        """Any thread. The same for one of its sockets. A session moves only if it and all its
        sockets have such a text; "" removes an earlier one.
        """

    def let_session_go(self, session: int, /) -> None:
        """Any thread. The answer to Dispatcher.move_session(): the session moves."""

    def give_up_session(self, session: int, /) -> None:
        """Any thread. This process can't serve the session: it is closed in such a way that its
        client comes back.
        """

    def report_figures(self, figures: dict[str, int], /) -> None:
        """Any thread. Figures of this process for the metrics: `resident_bytes`, `threads_limit`,
        `threads_busy`, `threads_borrowed`, `threads_queued`, `threads_refused`, and in microseconds
        `loop_delay_us`, `gil_wait_us`, `cpu_time_us`, `gc_time_us`,
        `threads_oldest_wait_us`.

        Raises KeyError if one is missing.
        """

    def add_process(self, fd: int, name: str, place: int = 0, /) -> int:
        """After start(), with `python_processes`: requests and WebSockets go to the ProcessServer
        at the other end of this socket, too. The descriptor belongs to the server from now on.

        `place`: of the process among the others; one that replaces it has the same.

        Returns the number with which Dispatcher.process_left() is called when the connection has
        ended. Raises RuntimeError for a server without `python_processes`.
        """

    def retire_processes(self, numbers: Iterable[int], why: str, /) -> None:
        """These processes get no new requests, WebSockets or Socket.IO sessions. Their sessions
        move to other processes or are closed. When one has nothing left to do, its connection ends.
        `why` is "reload" or "recycling". Raises as add_process() does.
        """

    def end_process(self, number: int, /) -> None:
        """What is left of the process ends as if it had died. Raises as add_process() does."""

    def process_status(self) -> list[dict[str, Any]]:
        """Each ready process: its `number`, `is_retiring`, its unfinished `requests`,
        `requests_total`, `websockets`, `sessions`; `delay_ms`, which its event loop needed to
        answer the latest ping; `silent_ms`, for which it has not answered a ping (0: none).
        Raises as add_process() does.
        """
