"""How much of everything is needed: formulas, simulations and what they are checked against."""
