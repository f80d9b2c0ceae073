"""What a load found: latencies from when requests were due, how they were answered, what became of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

from application.slo.objectives import AVAILABILITY, ORDER_P50, ORDER_P99

LONGEST_US = 120_000_000
_DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)

LATE_S_MAX = 0.05
"""How late a hundredth of the requests may be sent at most for the load to be the one that was asked for."""


def histogram() -> Any:
    """Return an empty histogram of microseconds, exact to a thousandth."""
    return HdrHistogram(1, LONGEST_US, _DIGITS)


@dataclass(kw_only=True)
class Second:
    """What was due within one second, and how it was answered."""

    due: int = 0
    failed: int = 0
    latencies_us: list[int] = field(default_factory=list)

    def percentile_ms(self, percent: float) -> float | None:
        """Return a percentile, if anything was answered."""
        if not self.latencies_us:
            return None
        ordered = sorted(self.latencies_us)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] / 1_000


class Measurements:
    """What one process of the load measured, or all together."""

    def __init__(self) -> None:
        self.latencies: dict[str, Any] = {}
        self.lateness = histogram()
        self.statuses: Counter[str] = Counter()
        self.seconds: dict[int, Second] = {}
        self.acknowledged: dict[str, list[str]] = {}
        self.cpu_s = 0.0

    def late(self, lateness_s: float) -> None:
        """Note how much after its time a request was taken up."""
        self.lateness.record_value(max(1, round(lateness_s * 1e6)))

    def answered(self, kind: str, due_s: float, latency_s: float, status: str, *, failed: bool) -> None:
        """Note an answer, or that there was none: that counts against availability, and has no latency."""
        self.statuses[f"{kind} {status}"] += 1
        second = self.seconds.setdefault(int(due_s), Second())
        second.due += 1
        if failed:
            second.failed += 1
            return
        taken_us = min(LONGEST_US, max(1, round(latency_s * 1e6)))
        self.latencies.setdefault(kind, histogram()).record_value(taken_us)
        second.latencies_us.append(taken_us)

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON that :meth:`add` reads in another process."""
        return {
            "latencies": {kind: each.encode().decode() for kind, each in self.latencies.items()},
            "lateness": self.lateness.encode().decode(),
            "statuses": self.statuses,
            "seconds": {
                str(at): [second.due, second.failed, second.latencies_us]
                for at, second in self.seconds.items()
            },
            "acknowledged": self.acknowledged,
            "cpu_s": self.cpu_s,
        }

    def add(self, document: Mapping[str, Any]) -> None:
        """Add what another process measured."""
        for kind, encoded in document["latencies"].items():
            self.latencies.setdefault(kind, histogram()).decode_and_add(encoded)
        self.lateness.decode_and_add(document["lateness"])
        self.statuses.update(document["statuses"])
        for at, (due, failed, latencies_us) in document["seconds"].items():
            second = self.seconds.setdefault(int(at), Second())
            second.due += due
            second.failed += failed
            second.latencies_us += latencies_us
        for account, order_ids in document["acknowledged"].items():
            self.acknowledged.setdefault(account, []).extend(order_ids)
        self.cpu_s += document["cpu_s"]

    @property
    def sent(self) -> int:
        """All requests that were due."""
        return sum(second.due for second in self.seconds.values())

    @property
    def failed(self) -> int:
        """Those with no answer, or one that says it is the exchange's fault."""
        return sum(second.failed for second in self.seconds.values())

    def percentiles_ms(self, kinds: Iterable[str]) -> dict[str, float]:
        """Return the percentiles of some kinds of requests together, none where none was answered."""
        together = histogram()
        for kind in kinds:
            if kind in self.latencies:
                together.add(self.latencies[kind])
        if not together.get_total_count():
            return {}
        return {
            f"p{percent:g}": round(together.get_value_at_percentile(percent) / 1_000, 2)
            for percent in PERCENTILES
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether something that was promised was held: what was found, and what was promised."""

    promise: str
    found: str
    held: bool


_LATENCIES = [
    (f"p{float(each.target * 100):g}", each.at_most_s * 1_000)
    for each in (ORDER_P50, ORDER_P99)
    if each.at_most_s is not None
]
"""The percentiles of orders that are promised, and their bounds in milliseconds."""


def verdicts(found: Measurements, lost: Sequence[str], doubled: Sequence[str]) -> Sequence[Verdict]:
    """Judge a load by the service levels: latency of orders, availability, each order exactly once."""
    orders = found.percentiles_ms(("order",))
    available = 1 - found.failed / found.sent if found.sent else 0.0
    acknowledged = sum(map(len, found.acknowledged.values()))
    return (
        *(
            Verdict(
                promise=f"orders: {percent} < {limit_ms:g} ms",
                found=f"{orders[percent]:,.2f} ms" if orders else "no order was answered",
                held=bool(orders) and orders[percent] < limit_ms,
            )
            for percent, limit_ms in _LATENCIES
        ),
        Verdict(
            promise=f"available: {float(AVAILABILITY.target):.2%}",
            found=f"{available:.3%}",
            held=available >= AVAILABILITY.target,
        ),
        Verdict(
            promise="each acknowledged order is there once",
            found=f"{acknowledged:,} acknowledged, {len(lost)} missing, {len(doubled)} twice",
            held=not lost and not doubled,
        ),
    )
