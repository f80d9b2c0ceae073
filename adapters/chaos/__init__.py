"""Experiments that break an exchange on purpose, for the Chaos Toolkit."""
