"""Event stores: memory, SQLite, JSON Lines, EventStoreDB."""
