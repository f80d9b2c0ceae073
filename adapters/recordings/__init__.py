"""Readers of recorded order flow. Formats are told by content, never by file name."""
