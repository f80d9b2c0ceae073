"""The event log in SQLite: schema, file, writer and reader."""
