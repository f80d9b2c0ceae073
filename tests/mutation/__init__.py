"""Whether the tests notice: ``make mutants`` changes the code and runs the tests that touch it."""
