"""What those who run an exchange look at."""
