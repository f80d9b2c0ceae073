"""What keeps the read models up to date."""
