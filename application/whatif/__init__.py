"""What might have been: a market's recorded flow through a market that was changed."""
