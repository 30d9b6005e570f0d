"""Who is connected. Each connection is in a Socket.IO room of its user.

Rooms are those of all Python processes, so this is right with `--workers`, too; nothing is kept in
the memory of one process.
"""

from sio.socketio.namespace import Namespace

PREFIX = "user:"


def user_room(username: str) -> str:
    """The Socket.IO room of all connections of a user, one for each browser tab."""
    return PREFIX + username


def is_online(namespace: Namespace, username: str) -> bool:
    return user_room(username) in namespace.rooms()


def usernames(namespace: Namespace) -> list[str]:
    """The users who are online."""
    rooms = namespace.rooms()
    return sorted(room.removeprefix(PREFIX) for room in rooms if room.startswith(PREFIX))
