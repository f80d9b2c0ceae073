"""What readers ask, in SQL that both databases understand."""
