"""What runs where the traders are: a client of the exchange. What the exchange is made of is not imported."""
