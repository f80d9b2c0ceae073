"""Limits from files, and shared through Redis."""
