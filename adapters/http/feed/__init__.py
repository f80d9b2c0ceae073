"""The live feed: what happens, told as it happens, over WebSocket and as server-sent events."""
