"""Persistent subscriptions: consumer groups whose progress the node keeps."""
