"""Serving the application over sockets."""
