"""The HTTP port: Kalshi's conventions in front of the exchange and its read models."""
