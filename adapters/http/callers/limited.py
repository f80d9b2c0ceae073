"""Who may still send something, and what whoever sent too much is told."""

from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from adapters.http.answers.problems import Code, Problem
from adapters.http.operations import Access, Operation
from adapters.http.route_classes import RouteClass, class_of
from application.limiting.limits import Limit, Limits, Ruling
from application.limiting.tiers import Kind
from application.limiting.token_bucket import Outcome
from domain.identifiers import AccountId

RULING = "presage.ruling"
"""Where the last ruling on a request stands in its scope."""

RULING_HEADER = b"ratelimit"

_US_PER_S = 1_000_000


async def admit(
    limits: Limits, scope: MutableMapping[str, Any], account_id: AccountId, kind: Kind, cost: int
) -> None:
    """Take what an account's request costs. Raises :class:`Problem` when there is not enough left."""
    ruling = await limits.of_account(account_id, kind, cost)
    if ruling is not None:
        scope[RULING] = ruling
        if not ruling.allowed:
            raise too_many(ruling)


def kind_of(operation: Operation) -> Kind | None:
    """Return what the account that calls a route is limited by; ``None`` where there is none."""
    if operation.access is Access.PUBLIC:
        return None
    match class_of(operation):
        case RouteClass.OPERATOR:
            return Kind.OPERATOR
        case RouteClass.CANCEL:
            return Kind.CANCEL
        case _:
            return Kind.READ if operation.access is Access.READ else Kind.WRITE


def too_many(ruling: Ruling) -> Problem:
    """Return what whoever sent too much is told."""
    limit, wait_s = ruling.limit, -(-ruling.decision.wait_us // _US_PER_S)
    boxed = ruling.decision.outcome is Outcome.BOXED
    why = (
        "refused too often: everything of this kind is refused for a while" if boxed else "too many requests"
    )
    return Problem(
        Code.RATE_LIMITED,
        f"{why}; wait {wait_s} s",
        details=f"{limit.what}: {limit.rate.per_s} a second, {limit.rate.burst} at once",
        wait_s=max(1, wait_s),
    )


def headers_of(ruling: Ruling) -> list[tuple[bytes, bytes]]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it.

    A window is how long an empty bucket takes to be full; ``t`` after how long there is more.
    """
    policy, what = _policy(ruling.limit)
    decision = ruling.decision
    left = b"%b;r=%d;t=%d" % (what, decision.remaining, -(-decision.wait_us // _US_PER_S))
    return [policy, (RULING_HEADER, left)]


@lru_cache
def _policy(limit: Limit) -> tuple[tuple[bytes, bytes], bytes]:
    what, window_s = b'"%b"' % limit.what.encode(), max(1, -(-limit.rate.burst // limit.rate.per_s))
    return (b"ratelimit-policy", b"%b;q=%d;w=%d" % (what, limit.rate.burst, window_s)), what
