"""The steady state: what is true of an exchange that is well, whatever was done to it."""

import asyncio

from chaoslib.exceptions import ActivityFailed

from adapters.bootstrap import make_codec
from adapters.chaos.actions import expect_trading
from adapters.chaos.control import stage
from adapters.chaos.reaching import readiness
from adapters.event_stores.opening import open_log
from application.verification.verify import verify


def ready() -> bool:
    """Return whether the exchange says that it takes commands."""
    return readiness(stage().url, within_s=5.0)[0] == 200


def trading() -> bool:
    """Return whether orders are acknowledged now; it fails where none is within ten seconds."""
    expect_trading(within_s=10.0)
    return True


def all_adds_up() -> bool:
    """Return whether the log holds what must always hold: money, shares, reservations, each fill twice.

    It fails with what does not.
    """

    async def read() -> list[str]:
        async with open_log(stage().settings) as log:
            return (await verify(log, make_codec())).violations

    if violations := asyncio.run(read()):
        raise ActivityFailed("; ".join(violations[:3]))
    return True


def orders_lost_or_doubled() -> int:
    """Return how many acknowledged orders the exchange does not know, or has twice."""
    return stage().trading.not_there_once()
