"""Following a log: by landmarks, in whole streams, with nothing unknown in it."""
