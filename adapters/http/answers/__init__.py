"""What clients are told: the shape of each answer, and how it is made from a view."""
