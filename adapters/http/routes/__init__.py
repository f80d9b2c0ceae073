"""The routes, by subject: plain functions and the table that publishes them."""
