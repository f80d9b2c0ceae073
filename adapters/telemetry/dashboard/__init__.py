"""What an operator looks at, and the rules that wake one up: a specification, and what is made of it."""
