"""How often a cache hits, and how stale what it gives is (exercise 15): formula, simulation, measurement.

Reads and changes of one key come at random, each at a steady rate (Poisson). Computing takes no time.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from application.ports.cache import Cache

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What happens to a key."""

    reads_per_min: float = 10_000
    changes_per_min: float = 50

    @property
    def reads_per_s(self) -> float:
        """The rate of reads."""
        return self.reads_per_min / MINUTE_S

    @property
    def changes_per_s(self) -> float:
        """The rate of changes."""
        return self.changes_per_min / MINUTE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a kept value goes: after its time to live, and with a change if changes invalidate."""

    ttl_s: float = math.inf
    invalidated: bool = False

    def __str__(self) -> str:
        ttl = "" if math.isinf(self.ttl_s) else f"TTL {self.ttl_s:g} s"
        return " and ".join(filter(None, ("invalidated by events" if self.invalidated else "", ttl)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What readers and the database get. Rates are shares of all reads.

    ``behind_s`` is how long ago the first change that an answer lacks was, on the average of all reads.
    """

    hit_rate: float
    stale_rate: float
    behind_s: float
    computed_per_min: float


def expected(policy: Policy, traffic: Traffic) -> Outcome:
    """Return what is to be expected in the long run.

    A value lives from the read that missed until it goes; the reads in between hit. So there are
    ``1 + reads * life`` reads for each that computes.
    """
    reads, changes, ttl_s = traffic.reads_per_s, traffic.changes_per_s, policy.ttl_s
    if policy.invalidated:
        # It lives until the next change, or for its time to live if none comes before.
        life_s = -math.expm1(-changes * ttl_s) / changes
        stale_s = lateness = 0.0
    else:
        if math.isinf(ttl_s):
            raise ValueError("a value that neither changes nor time removes is stale for ever")
        life_s = ttl_s
        unchanged_s = -math.expm1(-changes * ttl_s) / changes
        stale_s = ttl_s - unchanged_s
        # The integral over its life of the time since the first change after it was computed.
        lateness = ttl_s**2 / 2 - ttl_s / changes + unchanged_s / changes
    per_life = 1 + reads * life_s
    return Outcome(
        hit_rate=reads * life_s / per_life,
        stale_rate=reads * stale_s / per_life,
        behind_s=reads * lateness / per_life,
        computed_per_min=traffic.reads_per_min / per_life,
    )


def moments(traffic: Traffic, minutes: float, seed: int) -> Iterator[tuple[float, bool]]:
    """Yield when something happens, and whether it is a change (a read if not), for so many minutes."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    total = traffic.reads_per_s + traffic.changes_per_s
    now_s = chance.expovariate(total)
    while now_s < minutes * MINUTE_S:
        yield now_s, chance.random() * total < traffic.changes_per_s
        now_s += chance.expovariate(total)


@dataclass(slots=True)
class _Tally:
    """Counts what readers get; a value is the number of changes it knows of."""

    changed_at_s: list[float] = field(default_factory=list)
    reads: int = 0
    hits: int = 0
    stale: int = 0
    behind_s: float = 0.0

    def read(self, now_s: float, value: int, *, hit: bool) -> None:
        self.reads += 1
        self.hits += hit
        if value < len(self.changed_at_s):
            self.stale += 1
            self.behind_s += now_s - self.changed_at_s[value]

    def outcome(self, minutes: float) -> Outcome:
        return Outcome(
            hit_rate=self.hits / self.reads,
            stale_rate=self.stale / self.reads,
            behind_s=self.behind_s / self.reads,
            computed_per_min=(self.reads - self.hits) / minutes,
        )


def simulate(policy: Policy, traffic: Traffic, *, minutes: float, seed: int) -> Outcome:
    """Return what happens when chance has it, by the rules of the policy alone."""
    tally = _Tally()
    value, until_s = -1, -math.inf
    for now_s, change in moments(traffic, minutes, seed):
        if change:
            tally.changed_at_s.append(now_s)
            until_s = -math.inf if policy.invalidated else until_s
            continue
        hit = now_s < until_s
        if not hit:
            value, until_s = len(tally.changed_at_s), now_s + policy.ttl_s
        tally.read(now_s, value, hit=hit)
    return tally.outcome(minutes)


async def measure(
    policy: Policy,
    traffic: Traffic,
    cache: Cache,
    set_clock_s: Callable[[float], None],
    *,
    minutes: float,
    seed: int,
) -> Outcome:
    """Return what a real cache makes of the same moments, whose clock is set to each of them."""
    tally, key = _Tally(), "summary"
    for now_s, change in moments(traffic, minutes, seed):
        set_clock_s(now_s)
        if change:
            tally.changed_at_s.append(now_s)
            if policy.invalidated:
                await cache.invalidate((key,))
            continue
        kept = await cache.get(key)
        if kept is None:
            fence = await cache.claim(key, for_s=1.0)
            assert fence is not None, "nobody else computes"
            await cache.put(key, b"%d" % len(tally.changed_at_s), fence=fence, ttl_s=policy.ttl_s)
        tally.read(now_s, len(tally.changed_at_s) if kept is None else int(kept), hit=kept is not None)
    return tally.outcome(minutes)
