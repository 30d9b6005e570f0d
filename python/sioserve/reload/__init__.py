"""--reload: a parent process that restarts the server when a file changes.

The parent (`parent.py`) opens the TCP sockets and passes them to each child, so that new
connections wait during a restart instead of being refused. The child (`child.py`) is the same
command; an environment variable tells it that it has a parent. `watched.py` selects the files,
`changes.py` detects their changes.
"""

from __future__ import annotations
