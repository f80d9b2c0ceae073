"""Recorded order flow in words every recording shares, and what to make of it."""
