"""A log of one's own, made of somebody else's: the same markets and money, nobody's name."""
