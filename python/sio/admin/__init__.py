"""What the Socket.IO Admin UI (the npm package @socket.io/admin-ui) needs from the server.

    import sio

    sio.admin.instrument()

opens a namespace, "/admin", in which Django's staff users see the clients, rooms and events of all
processes and servers, and may emit, move clients between rooms and disconnect them.
"""

from .access import Check
from .console import instrument

__all__ = ["Check", "instrument"]
