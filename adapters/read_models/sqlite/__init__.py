"""Read models in one SQLite file."""
