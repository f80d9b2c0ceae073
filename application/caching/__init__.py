"""What is worth keeping near: computed once, forgotten when it changes, warmed before it is asked for."""
