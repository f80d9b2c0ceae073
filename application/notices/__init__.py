"""Telling accounts what became of their orders: derived from the log, at least once, never in its way."""
