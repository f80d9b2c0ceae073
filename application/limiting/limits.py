"""The limits at work: what an account or an address may still send, counted, and never a fault of its own."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import IPv6Address
from itertools import product
from typing import NamedTuple, Protocol

from application.health import Health, Trouble
from application.limiting.tiers import Kind, LimitRules
from application.limiting.token_bucket import Buckets, Decision, Outcome, Rate, TokenBucketRateLimiter
from application.ports.measures import Measure, counter
from domain.identifiers import AccountId

log = logging.getLogger(__name__)

PART = "limits"
ALONE_S = 5.0
"""How long what is shared is left alone after it failed: meanwhile each process counts for itself."""

ADDRESS = "address"
_OPEN = "failed_open"


class SharedBucketsUnavailable(Exception):
    """The buckets that processes share cannot be reached."""


class SharedBuckets(Protocol):
    """Buckets that all processes of an exchange share."""

    async def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        """Take what a request costs, or refuse it. Raises :class:`SharedBucketsUnavailable`."""
        ...


class Ruling(NamedTuple):
    """A decision, under which rate it was made, and what that limits."""

    decision: Decision
    rate: Rate
    what: str

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.decision.outcome is Outcome.ALLOWED


class Limits:
    """Decides on requests. A fault in here lets them pass, and is told in readiness."""

    def __init__(
        self,
        rules: LimitRules,
        health: Health,
        *,
        here: Buckets | None = None,
        shared: SharedBuckets | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rules = rules
        self._health = health
        self._here = here or TokenBucketRateLimiter()
        self._shared = shared
        self._now_s = now_s
        self._alone_until_s = 0.0
        self._unwell = False
        self.decisions: dict[tuple[str, str, str], int] = {
            (tier, kind, outcome): 0
            for tier, kind in [*product(rules.tiers, Kind), (ADDRESS, ADDRESS)]
            for outcome in (*Outcome, _OPEN)
        }

    async def of_account(self, account_id: AccountId, kind: Kind, cost: int = 1) -> Ruling | None:
        """Decide on a request of an account; ``None`` when that failed, and the request passes."""
        tier = self.rules.tier_of(account_id)
        rate, name = self.rules.tiers[tier][kind], f"{kind}:{account_id}"
        try:
            decision = await self._take(name, kind, rate, cost)
        except Exception as fault:  # noqa: BLE001 (whatever it is, trading goes on)
            self._fails_open(tier, kind, fault)
            return None
        self.decisions[tier, kind, decision.outcome] += 1
        return Ruling(decision, rate, kind)

    def of_address(self, address: str, *, cancels: bool) -> Ruling | None:
        """Decide on a request from an address; ``None`` where it is not limited, or that failed.

        What cancels has a bucket of its own: nothing else that comes from the address can hold it up.
        """
        if address in self.rules.exempt or not address:
            return None
        try:
            decision = self._here.take(_bucket_of(address, cancels=cancels), self.rules.address)
        except Exception as fault:  # noqa: BLE001 (as above)
            self._fails_open(ADDRESS, ADDRESS, fault)
            return None
        self.decisions[ADDRESS, ADDRESS, decision.outcome] += 1
        return Ruling(decision, self.rules.address, ADDRESS)

    async def left(self, account_id: AccountId, kind: Kind) -> Decision:
        """Return how much an account may send now. Nothing is taken for the question."""
        rate = self.rules.tiers[self.rules.tier_of(account_id)][kind]
        return await self._take(f"{kind}:{account_id}", kind, rate, 0)

    async def _take(self, name: str, kind: Kind, rate: Rate, cost: int) -> Decision:
        shared = self._shared
        if shared is None or kind is Kind.CANCEL or self._now_s() < self._alone_until_s:
            decision = self._here.take(name, rate, cost)
            if shared is None:
                self._well()
            return decision
        try:
            decision = await shared.take(name, rate, cost)
        except SharedBucketsUnavailable as fault:
            self._alone_until_s = self._now_s() + ALONE_S
            self._report(f"{fault}; each process counts for itself until it is back")
            return self._here.take(name, rate, cost)
        self._well()
        return decision

    def _fails_open(self, tier: str, kind: str, fault: Exception) -> None:
        self.decisions[tier, kind, _OPEN] += 1
        if not self._unwell:
            log.error("a limit could not be decided on", exc_info=fault)
        self._report(f"requests are not limited: {type(fault).__name__}: {fault}")

    def _report(self, message: str) -> None:
        self._unwell = True
        self._health.report(PART, Trouble.GUARD_FAILS_OPEN, message)

    def _well(self) -> None:
        if self._unwell:
            self._unwell = False
            self._health.clear(PART, Trouble.GUARD_FAILS_OPEN)

    def measures(self) -> Iterator[Measure]:
        """Yield what was decided, by tier, kind of request and outcome."""
        yield counter(
            "presage_limiter_decisions",
            "Decisions on how much may be sent.",
            {tuple(map(str, labels)): n for labels, n in self.decisions.items()},
            "tier",
            "kind",
            "outcome",
        )


@lru_cache(maxsize=4_096)
def _bucket_of(address: str, *, cancels: bool) -> str:
    name = f"{ADDRESS}:{_network(address)}"
    return f"{name}:cancel" if cancels else name


def _network(address: str) -> str:
    """Return what one sender has: an IPv4 address, or a whole /64, from which any address can be taken."""
    if ":" not in address:
        return address
    return str(IPv6Address(int(IPv6Address(address)) >> 64 << 64))
