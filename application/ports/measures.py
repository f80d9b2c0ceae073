"""What parts of the exchange tell those who watch it.

A part counts in plain numbers of its own, and tells them when somebody looks: that costs the order path no
more than the counting. A new part that is worth watching implements :class:`Measured` and is handed in where
everything is wired.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from application.watching.histogram import Histogram

Labels = tuple[str, ...]


class Kind(StrEnum):
    """What a number means."""

    COUNTER = "counter"
    """How often something has happened since the process began: it only grows."""
    GAUGE = "gauge"
    """How much there is now."""
    HISTOGRAM = "histogram"
    """How often something was how large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure, by the values of its labels.

    Each label takes few values, known beforehand: never an account or an order, and a market only through
    :class:`application.watching.busiest.Busiest`. Durations are in seconds.
    """

    name: str
    meaning: str
    kind: Kind
    labels: Labels
    values: Mapping[Labels, float | Histogram]


class Measured(Protocol):
    """A part of the exchange that is watched."""

    def measures(self) -> Iterable[Measure]:
        """Yield all its figures as they are now."""
        ...


def counter(name: str, meaning: str, values: float | Mapping[Labels, float], *labels: str) -> Measure:
    """Return a figure that only grows; Prometheus adds ``_total`` to its name."""
    return _measure(Kind.COUNTER, name, meaning, values, labels)


def gauge(name: str, meaning: str, values: float | Mapping[Labels, float], *labels: str) -> Measure:
    """Return a figure as it is now."""
    return _measure(Kind.GAUGE, name, meaning, values, labels)


def histogram(
    name: str, meaning: str, values: Histogram | Mapping[Labels, Histogram], *labels: str
) -> Measure:
    """Return how often something was how large."""
    return _measure(Kind.HISTOGRAM, name, meaning, values, labels)


def summed(measures: Iterable[Measure]) -> Iterator[Measure]:
    """Yield each figure once: what several parts, or processes, tell of the same name is added up."""
    by_name: dict[str, list[Measure]] = {}
    for measure in measures:
        by_name.setdefault(measure.name, []).append(measure)
    for same in by_name.values():
        yield same[0] if len(same) == 1 else _sum(same)


def _sum(measures: Sequence[Measure]) -> Measure:
    values: dict[Labels, float | Histogram] = {}
    for labels, value in (each for measure in measures for each in measure.values.items()):
        known = values.get(labels)
        if isinstance(value, Histogram):
            together = values[labels] = Histogram(value.bounds)
            together.add(value)
            if isinstance(known, Histogram):
                together.add(known)
        else:
            assert not isinstance(known, Histogram)
            values[labels] = value + (known or 0)
    return replace(measures[0], values=values)


def _measure(
    kind: Kind,
    name: str,
    meaning: str,
    values: float | Histogram | Mapping[Labels, float] | Mapping[Labels, Histogram],
    labels: Labels,
) -> Measure:
    by_labels: dict[Labels, float | Histogram] = {}
    if isinstance(values, Mapping):
        by_labels.update(values)
    else:
        by_labels[()] = values
    return Measure(name=name, meaning=meaning, kind=kind, labels=labels, values=by_labels)
