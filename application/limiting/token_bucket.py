"""Token buckets in memory, with a penalty box for those who go on asking (exercise 27).

A bucket holds up to ``burst`` tokens and gains ``per_s`` of them every second; a request takes as many as it
costs, or is refused and takes none. Whatever the order of events, a bucket never lets through more than
``burst + per_s * t`` in any time ``t``. Whoever was refused too often is put into the box, where everything
is refused: for twice as long each time, and half as long again after every time of peace.

Tokens are counted in millionths and time in microseconds, so nothing is ever rounded.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

MICRO = 1_000_000

KEPT = 100_000
"""How many buckets are kept at least; those not asked for longest are forgotten beyond twice as many."""


class Outcome(StrEnum):
    """What was decided."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    """There were too few tokens."""
    BOXED = "boxed"
    """It came from within the penalty box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much may be sent: ``burst`` at once, ``per_s`` in the long run.

    After ``strikes`` refusals the sender is put into the box for ``box_s``, and then for twice as long each
    time, up to ``box_longest_s``. A time of ``forgiven_s`` without a refusal takes back the strikes, and the
    last doubling. Without strikes there is no box.
    """

    per_s: int
    burst: int
    strikes: int = 0
    box_s: int = 1
    box_longest_s: int = 60
    forgiven_s: int = 60


class Decision(Struct, frozen=True, gc=False):
    """What was decided, how many whole tokens are left, and after how long the same may be asked again."""

    outcome: Outcome
    remaining: int
    wait_us: int


class Buckets(Protocol):
    """Buckets, by name."""

    def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        """Take what a request costs, or refuse it. More than a whole bucket costs just that."""
        ...


class Bucket:
    """Tokens in millionths as of ``at_us``; strikes and doublings as of ``refused_us``."""

    __slots__ = ("at_us", "level", "refused_us", "strikes", "tokens", "until_us")

    def __init__(self, tokens: int, at_us: int) -> None:
        self.tokens = tokens
        self.at_us = at_us
        self.strikes = self.level = 0
        self.until_us = self.refused_us = at_us


def monotonic_us() -> int:
    """Return the time by the clock that buckets go by: all processes of a machine have the same."""
    return time.monotonic_ns() // 1_000


def draw(bucket: Bucket, rate: Rate, cost: int, now_us: int) -> Decision:
    """Take what a request costs from a bucket, or refuse it. More than a whole bucket costs just that."""
    full = rate.burst * MICRO
    tokens, elapsed_us = bucket.tokens, now_us - bucket.at_us
    if elapsed_us > 0:
        tokens += elapsed_us * rate.per_s
    if tokens > full:  # noqa: PLR1730 (every request comes by here, and to call min takes as long as the rest)
        tokens = full
    bucket.at_us = now_us
    if bucket.until_us > now_us:
        bucket.tokens = tokens
        return Decision(Outcome.BOXED, tokens // MICRO, bucket.until_us - now_us)
    price = cost * MICRO
    if price > full:  # noqa: PLR1730 (as above)
        price = full
    if price <= tokens:
        bucket.tokens = tokens = tokens - price
        return Decision(Outcome.ALLOWED, tokens // MICRO, 0)
    bucket.tokens = tokens
    wait_us = -(-(price - tokens) // rate.per_s)
    if rate.strikes:
        _strike(bucket, rate, now_us)
        wait_us = max(wait_us, bucket.until_us - now_us)
    return Decision(Outcome.REFUSED, tokens // MICRO, wait_us)


class TokenBucketRateLimiter:
    """Buckets of one process, by name. Bounded: what was not used for longest is forgotten."""

    def __init__(self, now_us: Callable[[], int] = monotonic_us, *, kept: int = KEPT) -> None:
        self._now_us = now_us
        self._kept = kept
        self._young: dict[str, Bucket] = {}
        self._old: dict[str, Bucket] = {}

    def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        """Take what a request costs, or refuse it. More than a whole bucket costs just that."""
        now_us = self._now_us()
        bucket = self._young.get(name)
        if bucket is None:
            bucket = self._found(name, rate, now_us)
        return draw(bucket, rate, cost, now_us)

    def _found(self, name: str, rate: Rate, now_us: int) -> Bucket:
        bucket = self._old.pop(name, None) or Bucket(rate.burst * MICRO, now_us)
        if len(self._young) >= self._kept:
            self._old, self._young = self._young, {}
        self._young[name] = bucket
        return bucket


def _strike(bucket: Bucket, rate: Rate, now_us: int) -> None:
    """Count a refusal, and put who was refused into the box if it is one too many."""
    forgiven = (now_us - bucket.refused_us) // (rate.forgiven_s * MICRO)
    if forgiven > 0:
        bucket.strikes, bucket.level = 0, max(0, bucket.level - forgiven)
    bucket.refused_us = now_us
    bucket.strikes += 1
    if bucket.strikes < rate.strikes:
        return
    box_s = min(rate.box_s << min(bucket.level, 32), rate.box_longest_s)
    bucket.strikes, bucket.level = 0, bucket.level + 1
    bucket.until_us = bucket.refused_us = now_us + box_s * MICRO
