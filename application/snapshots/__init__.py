"""Snapshots: what saves replaying a stream from its beginning. Always discardable, never believed blindly."""
