"""--reload: a parent process that starts the server anew when a file changes.

The parent (`parent.py`) opens the TCP sockets and gives them to one child after the other, so that
a connection that comes while there is no child waits instead of being refused. The child
(`child.py`) is the same command; it finds in its environment that it has a parent. `watched.py`
says which files count, `changes.py` notices what happens to them.
"""

from __future__ import annotations
