"""What the application needs from outside, each a small protocol named for the need."""
