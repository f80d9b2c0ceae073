"""Places to keep snapshots in."""
