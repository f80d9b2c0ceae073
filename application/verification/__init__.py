"""Reading a whole log again and checking that everything in it holds."""
