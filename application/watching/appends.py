"""What this process writes to the log, and how long that takes."""

from collections.abc import Iterator

from application.ports.event_store import AppendOutcomeUnknown, EventStoreError, WrongExpectedRevision
from application.ports.measures import Measure, counter, histogram
from application.watching.histogram import Histogram

LATENCY_S = (0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
EVENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)

FAILURES = ("conflict", "unknown", "unavailable")
"""Another writer was faster; nobody knows what became of it; nothing was written."""


class Appends:
    """Counts appends, by how they ended."""

    def __init__(self) -> None:
        self.latency_s = Histogram(LATENCY_S)
        self.events = Histogram(EVENTS)
        self.failures = dict.fromkeys(FAILURES, 0)

    def done(self, events: int, seconds: float) -> None:
        """Take note of an append that is durable."""
        self.latency_s.observe(seconds)
        self.events.observe(events)

    def failed(self, error: EventStoreError) -> None:
        """Take note of one that is not, or not known to be."""
        if isinstance(error, WrongExpectedRevision):
            self.failures["conflict"] += 1
        elif isinstance(error, AppendOutcomeUnknown):
            self.failures["unknown"] += 1
        else:
            self.failures["unavailable"] += 1

    def measures(self) -> Iterator[Measure]:
        """Yield appends, what they held, and those that failed."""
        yield histogram("presage_store_append_seconds", "How long durable appends took.", self.latency_s)
        yield histogram("presage_store_append_events", "How many events an append held.", self.events)
        yield counter(
            "presage_store_append_failures",
            "Appends that were not made, or not known to be.",
            {(why,): n for why, n in self.failures.items()},
            "reason",
        )
