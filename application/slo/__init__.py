"""What the exchange promises, how much of it is used up, and the report of a week (exercise 26)."""
