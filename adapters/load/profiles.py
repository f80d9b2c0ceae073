"""The loads an exchange is built for, and when their requests arrive."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

ORDERS_A_TRADE = 3
"""About one order of three meets another; the rest waits in the book."""


class Kind(StrEnum):
    """What is asked for."""

    ORDER = "order"
    CANCEL = "cancel"
    BOOK = "book"
    MARKET = "market"
    MARKETS = "markets"
    TRADES = "trades"
    BALANCE = "balance"


_WRITES: dict[Kind, float] = {Kind.ORDER: 0.8, Kind.CANCEL: 0.2}
_READS: dict[Kind, float] = {
    Kind.BOOK: 0.45,
    Kind.MARKET: 0.25,
    Kind.BALANCE: 0.1,
    Kind.MARKETS: 0.1,
    Kind.TRADES: 0.1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the whole time, and the share of the peak at its beginning and at its end."""

    part: float
    begin: float
    end: float


STEADY = (Phase(part=1, begin=1, end=1),)
RISING = (Phase(part=0.3, begin=0.1, end=1), Phase(part=0.7, begin=1, end=1))
SUDDEN = (
    Phase(part=0.3, begin=0.02, end=0.02),
    Phase(part=0.4, begin=1, end=1),
    Phase(part=0.3, begin=0.02, end=0.02),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Requests a second at the peak, over how many markets and traders, and how the load comes.

    ``hot_share`` of what is asked is about ``hot_markets`` of the ``markets``.
    """

    about: str
    orders_per_s: float
    reads_per_s: float
    markets: int
    hot_markets: int
    hot_share: float
    traders: int
    shape: Sequence[Phase]

    def rate(self, passed: float) -> float:
        """Return the share of the peak after a part of the whole time, 0 to 1."""
        for phase in self.shape:
            if passed < phase.part:
                return phase.begin + (phase.end - phase.begin) * passed / phase.part
            passed -= phase.part
        return self.shape[-1].end


def _per_s(trades_an_hour: float) -> float:
    return ORDERS_A_TRADE * trades_an_hour / 3_600


PROFILES: dict[str, Profile] = {
    "ordinary": Profile(
        about="an ordinary day: 2,000 trades an hour",
        orders_per_s=_per_s(2_000),
        reads_per_s=10 * _per_s(2_000),
        markets=50,
        hot_markets=5,
        hot_share=0.5,
        traders=40,
        shape=STEADY,
    ),
    "debate": Profile(
        about="a debate night: 50,000 trades an hour",
        orders_per_s=_per_s(50_000),
        reads_per_s=9 * _per_s(50_000),
        markets=100,
        hot_markets=5,
        hot_share=0.8,
        traders=100,
        shape=RISING,
    ),
    "election": Profile(
        about="an election night: 500,000 trades an hour, 200 markets of which 15 are hot",
        orders_per_s=_per_s(500_000),
        reads_per_s=9 * _per_s(500_000),
        markets=200,
        hot_markets=15,
        hot_share=0.8,
        traders=200,
        shape=RISING,
    ),
    "exercise30": Profile(
        about="exercise 30: 20,000 requests a second, 2,000 of them orders, 100 markets",
        orders_per_s=2_000,
        reads_per_s=18_000,
        markets=100,
        hot_markets=10,
        hot_share=0.5,
        traders=200,
        shape=RISING,
    ),
    "spike": Profile(
        about="fifty times the normal load from one second to the next, and back",
        orders_per_s=50 * _per_s(2_000),
        reads_per_s=450 * _per_s(2_000),
        markets=50,
        hot_markets=1,
        hot_share=0.9,
        traders=100,
        shape=SUDDEN,
    ),
}
"""The named loads; the figures are those published for the textbook chapter."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that is due ``at_s`` after the beginning, whatever became of those before it."""

    at_s: float
    kind: Kind


def arrivals(profile: Profile, *, scale: float, duration_s: float, seed: int) -> Iterator[Arrival]:
    """Yield the requests of a load in the order of time: a Poisson process of the profile's rate.

    A process of the peak's rate is thinned out, which is exact for a rate that changes.
    """
    chance = random.Random(seed)
    peak = scale * (profile.orders_per_s + profile.reads_per_s)
    writes = profile.orders_per_s / (profile.orders_per_s + profile.reads_per_s)
    at_s = 0.0
    while (at_s := at_s + chance.expovariate(peak)) < duration_s:
        if chance.random() >= profile.rate(at_s / duration_s):
            continue
        kinds = _WRITES if chance.random() < writes else _READS
        yield Arrival(at_s, chance.choices(list(kinds), list(kinds.values()))[0])
