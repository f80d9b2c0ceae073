"""What is measured while the exchange runs, what is unusual in it, and whether it keeps its promises."""
