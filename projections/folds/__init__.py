"""What several read models work out of the same events."""
