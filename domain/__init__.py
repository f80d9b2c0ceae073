"""The rules of the exchange: pure functions over events. Standard library only; no clock, no chance."""
