"""Django's SQLite, with connections that can be lost like those to a database server."""
