"""Handling messages that come at least once so that each is handled once."""
