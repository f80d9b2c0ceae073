"""One binary market: its book, orders, positions, rules and resolution. One stream, one writer."""
