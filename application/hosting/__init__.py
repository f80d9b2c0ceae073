"""One owner per stream: it alone decides, in memory, and appends in batches."""
