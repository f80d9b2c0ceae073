"""Bots to begin with: programs, ``python -m presage.examples.NAME``, and small enough to be copied."""
