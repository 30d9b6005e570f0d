"""--workers: one I/O process, which owns all sockets, and several Python processes.

The I/O process (`io_service.py`) is the command's process. It never imports the application. It
starts the Python processes (`supervisor.py`, `process.py`) as the same command, with one end of a
pair of sockets (`channel.py`) and an environment variable that says so (`child.py`). A Python
process that has started the application says hello with the settings that depend on the
application; then the native core uses the sockets (server/processes/).

`keeper.py` starts a process again that has ended. `replacing.py` starts new ones for a reload or in
the place of one that exceeds a limit (`recycling.py`); the old ones retire (`retirement.py`).
`watch.py` looks at all of them every second.
"""

from __future__ import annotations
