"""Requests, by what they are for and how they ended: three of the four golden signals."""

from collections.abc import Iterator, Sequence

from application.ports.measures import Labels, Measure, counter, gauge, histogram
from application.slo.tracker import Tally
from application.watching.histogram import Histogram

LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)
"""The bounds of the histograms; those that service levels are about are among them."""

ENDS = ("2xx", "3xx", "4xx", "429", "5xx", "none")
"""How a request can end. ``none`` has no answer: whoever asked went away."""

_END_OF = {
    **{status: f"{status // 100}xx" for status in range(200, 600)},
    0: "none",
    429: "429",
}

SERVICE = "service"
"""The class of what machines ask all the time to see whether the process is well."""


TOGETHER = 256
"""So many requests are counted at once: a fifth of what counting takes when each is counted as it ends."""


class Traffic:
    """What came in, by class. ``classes`` are all there are: none is missing before its first request."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.in_flight = 0
        self._ended: list[tuple[str, int, float]] = []
        self._requests = {name: dict.fromkeys(ENDS, 0) for name in classes}
        self._latency_s = {name: Histogram(LATENCY_S) for name in classes}

    def note(self, name: str, status: int, seconds: float) -> None:
        """Take note of a request that has ended; 0 is the status of one without an answer."""
        self._ended.append((name, status, seconds))
        if len(self._ended) >= TOGETHER:
            self._count()

    @property
    def requests(self) -> dict[str, dict[str, int]]:
        """How many ended how, by class."""
        self._count()
        return self._requests

    @property
    def latency_s(self) -> dict[str, Histogram]:
        """How long they took, by class."""
        self._count()
        return self._latency_s

    def _count(self) -> None:
        for name, status, seconds in self._ended:
            self._requests[name][_END_OF[status]] += 1
            self._latency_s[name].observe(seconds)
        self._ended.clear()

    def without_fault(self) -> Tally:
        """Return how many requests there were, and how many did not meet a fault of ours.

        Neither those about the process itself count nor those whose callers went away.
        """
        counted = [ends for name, ends in self.requests.items() if name != SERVICE]
        total = sum(number for ends in counted for end, number in ends.items() if end != "none")
        return Tally(good=total - sum(ends["5xx"] for ends in counted), total=total)

    def measures(self) -> Iterator[Measure]:
        """Yield traffic, errors and latency by class."""
        ended: dict[Labels, float] = {
            (name, end): n for name, ends in self.requests.items() for end, n in ends.items()
        }
        yield counter("presage_http_requests", "Requests, by how they ended.", ended, "route_class", "status")
        yield histogram(
            "presage_http_request_duration_seconds",
            "How long requests took, from their head to the end of their answer.",
            {(name,): latency for name, latency in self.latency_s.items()},
            "route_class",
        )
        yield gauge("presage_http_requests_in_flight", "Requests under way.", self.in_flight)
