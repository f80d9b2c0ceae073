"""Load as it comes on an ordinary day and on an election night, and whether an exchange bears it."""
