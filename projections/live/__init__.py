"""What stands in memory for readers of markets."""
