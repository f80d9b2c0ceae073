"""Caches: in this process, and in Redis for many processes."""
