"""Process managers: they read the log and see to what has to follow elsewhere, exactly once."""
