"""Registrations: saves the handlers of the process's SocketIOServer while a test uses others."""

from __future__ import annotations

from sio.socketio.handler_table import HandlerTable
from sio.socketio.server import SocketIOServer


class Registrations:
    """Saves the current registrations. restore() restores them and drops later ones.

    The server and its namespaces remain the same objects, so code that has stored them at import
    emits through them in tests too.
    """

    def __init__(self, server: SocketIOServer) -> None:
        self._server = server
        self._namespaces = dict(server._namespaces)
        self._parents = dict(server._parents)
        self._namespace_listeners = server.namespace_listeners
        self._connect_hooks = server.connect_hooks
        self._disconnect_hooks = server.disconnect_hooks
        self._failure_hooks = server.failure_hooks
        self._request_checks = server.request_checks
        self._refusal_hooks = server.refusal_hooks
        named = (*server.named_namespaces(), *server.parent_namespaces())
        self._tables = {namespace: namespace.table for namespace in named}
        for namespace, table in self._tables.items():
            namespace.table = table.copy(namespace.name)
        server.namespace_listeners = list(self._namespace_listeners)
        server.connect_hooks = list(self._connect_hooks)
        server.disconnect_hooks = list(self._disconnect_hooks)
        server.failure_hooks = list(self._failure_hooks)
        server.request_checks = self._request_checks.copy()
        server.refusal_hooks = self._refusal_hooks.copy()

    def clear(self) -> None:
        """Remove all registrations."""
        for namespace in self._server.named_namespaces():
            namespace.table = HandlerTable(namespace.name)
        self._server._parents.clear()
        self._server.namespace_listeners = []
        self._server.connect_hooks = []
        self._server.disconnect_hooks = []

    def restore(self) -> None:
        server = self._server
        server._children.clear()
        for current, kept in (
            (server._namespaces, self._namespaces),
            (server._parents, self._parents),
        ):
            current.clear()
            current.update(kept)  # type: ignore[arg-type]
        for namespace, table in self._tables.items():
            namespace.table = table
        server.namespace_listeners = self._namespace_listeners
        server.connect_hooks = self._connect_hooks
        server.disconnect_hooks = self._disconnect_hooks
        server.failure_hooks = self._failure_hooks
        server.request_checks = self._request_checks
        server.refusal_hooks = self._refusal_hooks
