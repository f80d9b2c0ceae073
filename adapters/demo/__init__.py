"""A lively exchange to try things on: questions, house traders, an account with money and a key."""
