"""What bounds a queue, wherever it is kept."""

BOUND = 10_000
"""How many messages a queue holds, dead letters included."""

IDLE_S = 5.0
"""How long a message may be in hand before another consumer takes it over."""

ATTEMPTS_MAX = 5
"""How often a message is given out before it is a dead letter."""

NEVER_ACKNOWLEDGED = "given out too often and never acknowledged: its consumers stopped while they had it"

CLAIM_S = 4.0
"""How long a message may be handled before somebody else may: less than until it is taken over."""

RETENTION_S = 3_600.0
"""How long it is remembered that a message was handled."""

REMEMBERED = 100_000
"""How many handled messages are remembered: about 10 MB in Redis."""
