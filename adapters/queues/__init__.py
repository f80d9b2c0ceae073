"""Message queues: in this process, and in Redis for many processes."""
