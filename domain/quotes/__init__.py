"""Requests for quotes: who asks, what makers answer, which answer is taken, and what becomes of it."""
