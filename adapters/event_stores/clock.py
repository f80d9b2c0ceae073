"""The wall clock that stamps recorded events."""

import time


def wall_clock_us() -> int:
    """Return microseconds since the Unix epoch, UTC."""
    return time.time_ns() // 1000
