"""Who may act for an account: API keys. One stream per partition of accounts."""
