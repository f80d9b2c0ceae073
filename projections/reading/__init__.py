"""What can be asked, and the answers."""
