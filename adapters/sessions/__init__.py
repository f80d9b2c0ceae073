"""Where sessions are kept, and how passwords are hashed."""
