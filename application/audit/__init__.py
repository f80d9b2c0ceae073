"""Audit bundles: a market's events in a form that anybody can check without the exchange."""
