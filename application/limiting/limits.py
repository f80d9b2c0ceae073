"""The limits at work: what an account or an address may still send, counted, and never a fault of its own."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Protocol

from msgspec import Struct

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
_ACCOUNTS = "accounts"
_OPEN = "failed_open"


class SharedBucketsUnavailable(Exception):
    """The buckets that processes share cannot be reached."""


class SharedBuckets(Protocol):
    """Buckets that all processes of an exchange share."""

    async def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        """Take what a request costs, or refuse it. Raises :class:`SharedBucketsUnavailable`."""
        ...


class Limit:
    """What is limited to which rate, for whom, and how often it was decided how."""

    def __init__(self, tier: str, what: str, rate: Rate) -> None:
        self.tier = tier
        self.what = what
        self.rate = rate
        self.decided: dict[str, int] = dict.fromkeys((*Outcome, _OPEN), 0)


class Ruling(Struct, frozen=True, gc=False):
    """A decision, and under which limit it was made."""

    decision: Decision
    limit: Limit

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
        self._failing: dict[str, str] = {}
        self._address = Limit(ADDRESS, ADDRESS, rules.address)
        self._tiers = {
            tier: {kind: Limit(tier, kind.value, rate) for kind, rate in rates.items()}
            for tier, rates in rules.tiers.items()
        }
        self._usual = next(iter(self._tiers.values()))
        self._others = {account: self._tiers[tier] for account, tier in rules.accounts.items()}

    async def of_account(self, account_id: AccountId, kind: Kind, cost: int = 1) -> Ruling | None:
        """Decide on a request of an account; ``None`` when that failed, and the request passes."""
        limit = self._others.get(account_id, self._usual)[kind]
        name = f"{limit.what}:{account_id}"
        try:
            if self._shared is None or kind is Kind.CANCEL:
                decision = self._here.take(name, limit.rate, cost)
                if self._failing and self._shared is None:
                    self._well(_ACCOUNTS)
            else:
                decision = await self._take_shared(self._shared, name, limit.rate, cost)
        except Exception as fault:  # noqa: BLE001 (whatever it is, trading goes on)
            self._fails_open(limit, fault)
            return None
        limit.decided[decision.outcome] += 1
        return Ruling(decision, limit)

    def of_address(self, address: str, *, cancels: bool) -> Ruling | None:
        """Decide on a request from an address; ``None`` where it is not limited, or that failed.

        What cancels has a bucket of its own: nothing else that comes from the address can hold it up.
        """
        if address in self.rules.exempt or not address:
            return None
        limit = self._address
        try:
            decision = self._here.take(_bucket_of(address, cancels), limit.rate)
        except Exception as fault:  # noqa: BLE001 (as above)
            self._fails_open(limit, fault)
            return None
        if self._failing:
            self._well(ADDRESS)
        limit.decided[decision.outcome] += 1
        return Ruling(decision, limit)

    async def left(self, account_id: AccountId, kind: Kind) -> Decision:
        """Return how much an account may send now. Nothing is taken for the question."""
        limit = self._others.get(account_id, self._usual)[kind]
        name = f"{limit.what}:{account_id}"
        if self._shared is None or kind is Kind.CANCEL:
            return self._here.take(name, limit.rate, 0)
        return await self._take_shared(self._shared, name, limit.rate, 0)

    async def _take_shared(self, shared: SharedBuckets, name: str, rate: Rate, cost: int) -> Decision:
        if self._now_s() < self._alone_until_s:
            return self._here.take(name, rate, cost)
        try:
            decision = await shared.take(name, rate, cost)
        except SharedBucketsUnavailable as fault:
            self._alone_until_s = self._now_s() + ALONE_S
            self._report(_ACCOUNTS, f"{fault}; each process counts for itself until it is back")
            return self._here.take(name, rate, cost)
        if self._failing:
            self._well(_ACCOUNTS)
        return decision

    def _fails_open(self, limit: Limit, fault: Exception) -> None:
        limit.decided[_OPEN] += 1
        whose = ADDRESS if limit is self._address else _ACCOUNTS
        if whose not in self._failing:
            log.error("a limit could not be decided on", exc_info=fault)
        self._report(whose, f"requests are not limited: {type(fault).__name__}: {fault}")

    def _report(self, whose: str, message: str) -> None:
        self._failing[whose] = message
        self._health.report(PART, Trouble.GUARD_FAILS_OPEN, "; ".join(dict.fromkeys(self._failing.values())))

    def _well(self, whose: str) -> None:
        """Note that limits of addresses, or those of accounts, are decided on again."""
        if self._failing.pop(whose, None) is None:
            return
        if self._failing:
            self._report(*next(iter(self._failing.items())))
        else:
            self._health.clear(PART, Trouble.GUARD_FAILS_OPEN)

    @property
    def decisions(self) -> dict[tuple[str, ...], int]:
        """How often it was decided how, by tier, kind of request and outcome."""
        limits = [*(limit for tier in self._tiers.values() for limit in tier.values()), self._address]
        return {
            (limit.tier, limit.what, str(outcome)): times
            for limit in limits
            for outcome, times in limit.decided.items()
        }

    def measures(self) -> Iterator[Measure]:
        """Yield what was decided, by tier, kind of request and outcome."""
        yield counter(
            "presage_limiter_decisions",
            "Decisions on how much may be sent.",
            self.decisions,
            "tier",
            "kind",
            "outcome",
        )


@lru_cache(maxsize=4_096)
def _bucket_of(address: str, cancels: bool) -> str:  # noqa: FBT001 (by its name it takes twice as long)
    name = f"{ADDRESS}:{_network(address)}"
    return f"{name}:cancel" if cancels else name


def _network(address: str) -> str:
    """Return what one sender has: an IPv4 address, or a whole /64, from which any address can be taken."""
    if ":" not in address:
        return address
    return str(IPv6Address(int(IPv6Address(address)) >> 64 << 64))
