"""The rules against market manipulation that come with Presage, and those of a file."""
