"""What clients may send: strict models that refuse every field they do not know."""
