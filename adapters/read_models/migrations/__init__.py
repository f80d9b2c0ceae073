"""Migrations of the read models, shared by both databases."""
