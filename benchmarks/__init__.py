"""Measurements, run by `presage bench`."""
