"""TlsCore: the native server with TLS, as type checkers see it."""

class TlsCore:
    """The methods of the native server for TLS, as type checkers see them: the native class does
    not inherit from this one.
    """

    def load_certificates(self) -> None:
        """Read the certificates, before the first listen_tcp() or listen_fd() with "https".

        From start() on their files are watched. Raises OSError with a sentence for the user, and
        RuntimeError for a server without `tls` or after start().
        """

    def reload_certificates(self) -> None:
        """Any thread. Read the certificates again. Those that can't be used are logged, and the
        old ones stay.
        """
