"""The house makes the markets that its operator names, each with the most that it may lose there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from application.exchange import Exchange
from application.health import kept_running
from application.liquidity.market_maker import MarketMaker
from domain.identifiers import AccountId, Ticker
from domain.lmsr import LogarithmicRule
from domain.quantities import CONTRACT, Money, Quantity, Ticks

log = logging.getLogger(__name__)

HOUSE: Final = AccountId("house")
"""The account that the house trades with; an operator deposits its money."""

LOOK_EVERY_S = 0.5
_STEPS = 30
"""How many steps of bids the depth of the rule has: with so many a step moves the price by about a cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What the operator puts at risk in a market: ``loss`` at most, beginning at ``prior`` for yes."""

    ticker: Ticker
    loss: Money
    prior: Ticks


@asynccontextmanager
async def liquidity(exchange: Exchange, stakes: Sequence[Stake]) -> AsyncIterator[None]:
    """Make the markets while the block runs."""
    making = [asyncio.create_task(_kept(exchange, stake)) for stake in stakes]
    try:
        yield
    finally:
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)


async def _kept(exchange: Exchange, stake: Stake) -> None:
    """Make one market until cancelled; what stops it stops no other, and is told in readiness."""
    maker = _maker(exchange, stake)
    if await exchange.directory.find_market(stake.ticker) is None:
        log.warning("%s is not listed: the house makes it once it is", stake.ticker)

    async def make() -> None:
        while True:
            await maker.quote()
            await asyncio.sleep(LOOK_EVERY_S)

    await kept_running(make, health=exchange.health, part=f"house liquidity of {stake.ticker}")


def _maker(exchange: Exchange, stake: Stake) -> MarketMaker:
    rule = LogarithmicRule(stake.loss, stake.prior)
    return MarketMaker(
        exchange.trading,
        exchange.directory,
        account_id=HOUSE,
        ticker=stake.ticker,
        rule=rule,
        step=Quantity(max(rule.depth // _STEPS // CONTRACT, 1) * CONTRACT),
    )
