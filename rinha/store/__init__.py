"""Where the journal is kept: ``actors.ports.Store`` over SQLite and over PostgreSQL."""
