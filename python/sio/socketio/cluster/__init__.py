"""Emitting through Redis, in processes that serve nothing, to all servers of a cluster."""
