"""Sessions with an exchange, recorded to a file and played back: the same answers every time."""
