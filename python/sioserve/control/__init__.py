"""The control socket: `sioserve status`, `reload` and `stop` talk to a running server.

Processes without a server emit through it, too (`emits.py`; `here.py` where the application runs in
the server's process).

A client connects, writes one request and reads messages until the end; each is a line of JSON
(`requests.py`). The server's side is `listener.py` and `server.py`, the command's is `client.py`,
`command.py` and `table.py`.
"""

from __future__ import annotations
