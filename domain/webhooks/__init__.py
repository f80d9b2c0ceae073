"""Where accounts are told what became of their orders, and what could not be told."""
