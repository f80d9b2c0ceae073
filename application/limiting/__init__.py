"""How much each caller may send: token buckets, a box for those who do not listen, and who gets what."""
