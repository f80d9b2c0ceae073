"""Finds market manipulation in the flow of orders: rules, what they look at, and what they find."""
