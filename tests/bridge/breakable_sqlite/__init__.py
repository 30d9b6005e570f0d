"""Django's SQLite, whose connections can be lost like those to a server of its own."""
