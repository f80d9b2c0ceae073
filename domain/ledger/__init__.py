"""Accounts and their money, in partitions. One stream and one writer per partition."""
