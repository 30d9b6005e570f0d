"""Emitting in processes that serve nothing: through Redis to all servers of a cluster, or through
the control socket to the server of the same machine.
"""
