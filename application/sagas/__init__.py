"""Flows over several streams, as explicit state machines whose progress is in the log."""
