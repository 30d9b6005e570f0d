"""Options: listening sockets."""

from __future__ import annotations

from sioserve.options.kinds import FILE, MODE, NUMBER, PORT, POSITIVE, TEXT, named
from sioserve.options.option import Group, Option

GROUP = Group(
    "Listening",
    (
        Option(
            "bind",
            named(TEXT, "HOST"),
            "address or name to listen on, or HOST:PORT; may be repeated",
            aliases=("-b", "--host"),
            repeatable=True,
            shown_default="127.0.0.1, if no other address is given",
        ),
        Option(
            "port",
            PORT,
            "port to listen on, 0 for any free one",
            aliases=("-p",),
            shown_default="8000",
        ),
        Option(
            "unix-socket",
            FILE,
            "path of a Unix socket to listen on; may be repeated",
            aliases=("-u", "--uds"),
            repeatable=True,
        ),
        Option(
            "unix-socket-mode",
            MODE,
            "permissions of the Unix sockets, for example 660",
            shown_default="666",
        ),
        Option(
            "fd",
            NUMBER,
            "number of an inherited descriptor to listen on; may be repeated",
            repeatable=True,
        ),
        Option(
            "endpoint",
            named(TEXT, "STRING"),
            "a Twisted endpoint: tcp:port=8000:interface=127.0.0.1, unix:PATH[:mode=660], "
            "fd:fileno=3 or ssl:443:privateKey=KEY:certKey=CERTIFICATE; may be repeated",
            aliases=("-e",),
            repeatable=True,
            separator="\n",
        ),
        Option(
            "backlog",
            POSITIVE,
            "connections that the kernel queues until they are accepted",
            default=2048,
            setting="backlog",
        ),
    ),
)
