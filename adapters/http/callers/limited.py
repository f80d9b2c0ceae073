"""Who may still send something: addresses before all else, accounts once it is known who asks."""

from collections.abc import Awaitable, MutableMapping
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import send_problem
from adapters.http.operations import Access, Operation
from adapters.http.route_classes import RouteClass, class_of
from application.limiting.limits import Limits, Ruling
from application.limiting.tiers import Kind
from application.limiting.token_bucket import Outcome
from domain.identifiers import AccountId

RULING = "presage.ruling"
"""Where the last ruling on a request stands in its scope."""

RULING_HEADER = b"ratelimit"

_US_PER_S = 1_000_000


class RateLimited:
    """Refuses what addresses send beyond their limit, and says in every answer how much is left."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Have a request answered, unless too many came before it.

        Every request comes through here, so nothing is awaited that the application itself can be given.
        """
        if scope["type"] != "http":
            return self._app(scope, receive, send)

        def telling(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and (ruling := scope.get(RULING)) is not None:
                message["headers"] = [*message["headers"], *headers_of(ruling)]
            return send(message)

        client = scope.get("client")
        ruling = self._limits.of_address(client[0] if client else "", cancels=scope["method"] == "DELETE")
        if ruling is not None:
            scope[RULING] = ruling
            if not ruling.allowed:
                return send_problem(telling, too_many(ruling))
        return self._app(scope, receive, telling)


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
    wait_s = -(-ruling.decision.wait_us // _US_PER_S)
    boxed = ruling.decision.outcome is Outcome.BOXED
    why = (
        "refused too often: everything of this kind is refused for a while" if boxed else "too many requests"
    )
    return Problem(
        Code.RATE_LIMITED,
        f"{why}; wait {wait_s} s",
        details=f"{ruling.what}: {ruling.rate.per_s} a second, {ruling.rate.burst} at once",
        wait_s=max(1, wait_s),
    )


def headers_of(ruling: Ruling) -> list[tuple[bytes, bytes]]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it.

    A window is how long an empty bucket takes to be full; ``t`` after how long there is more.
    """
    policy, what = _policy(ruling.what, ruling.rate.burst, ruling.rate.per_s)
    _, remaining, wait_us = ruling.decision
    return [policy, (RULING_HEADER, b"%b;r=%d;t=%d" % (what, remaining, -(-wait_us // _US_PER_S)))]


@lru_cache
def _policy(name: str, burst: int, per_s: int) -> tuple[tuple[bytes, bytes], bytes]:
    what, window_s = b'"%b"' % name.encode(), max(1, -(-burst // per_s))
    return (b"ratelimit-policy", b"%b;q=%d;w=%d" % (what, burst, window_s)), what
