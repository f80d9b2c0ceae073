"""Who calls: keys, signatures, and what they wrote last."""
