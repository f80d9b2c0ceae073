"""The traders of the house: one quotes every market on both sides, others take what it offers.

They trade through the exchange like everybody else, with money of their own and no advantage. Prices wander
at random from a seed. What the house has on the books is bounded, and so is what it does in a second.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from random import Random

from adapters.demo.listing import fund
from adapters.demo.questions import Question
from application.exchange import Exchange
from application.ports.event_store import EventStoreError
from application.requests import OrderAccepted, OrderRequest
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import Action, MarketStatus, Side, TimeInForce
from domain.quantities import CONTRACT, DOLLAR, PAYOUT_TICKS, Money, Quantity, Ticks, complement

log = logging.getLogger(__name__)

MAKER = AccountId("house-maker")
TAKERS = (AccountId("house-anna"), AccountId("house-boris"), AccountId("house-chiara"))

MONEY = Money(1_000_000 * DOLLAR)
STEP_S = 1.0
LEVELS = 4
CENT = 100
LOWEST, HIGHEST = CENT, PAYOUT_TICKS - CENT
SLACK = 3 * CENT
"""How far beyond what it takes a share to be worth a taker goes."""

Level = tuple[Side, Ticks]


class House:
    """Trades until cancelled. The same seed makes the same choices."""

    def __init__(self, exchange: Exchange, questions: Sequence[Question], seed: int) -> None:
        self._exchange = exchange
        self._random = Random(seed)  # noqa: S311 (prices of a demonstration, not secrets)
        self._fair = {question.ticker: question.fair_ticks for question in questions}
        self._quotes: dict[Ticker, dict[Level, OrderId]] = {ticker: {} for ticker in self._fair}

    async def open(self) -> None:
        """Fund the traders, take off what an earlier run left, and quote every market."""
        for account_id in (MAKER, *TAKERS):
            await fund(self._exchange, account_id, MONEY)
            await self._exchange.trading.cancel_all(account_id)
        for ticker in self._fair:
            await self._quote(ticker)

    async def run(self) -> None:
        """Take and quote, one small step after the other."""
        while True:
            await asyncio.sleep(STEP_S * self._random.uniform(0.5, 1.5))
            try:
                await self._step(self._random.choice(list(self._fair)))
            except EventStoreError as error:
                log.warning("the house traders wait: %s", error)

    async def _step(self, ticker: Ticker) -> None:
        wandered = self._fair[ticker] + self._random.gauss(0, CENT)
        self._fair[ticker] = round(min(max(wandered, LOWEST + CENT), HIGHEST - CENT))
        await self._take(ticker)
        await self._quote(ticker)

    async def _quote(self, ticker: Ticker) -> None:
        """Bring the maker's orders to where they belong, cancelling before placing."""
        market = await self._trading(ticker)
        if market is None:
            return
        quotes = self._quotes[ticker]
        wanted = self._levels(ticker)
        stale = [order_id for level, order_id in quotes.items() if level not in wanted]
        await self._exchange.trading.cancel_many(MAKER, stale)
        standing = {level: quotes[level] for level in wanted if quotes.get(level) in market.orders}
        missing = {level: contracts for level, contracts in wanted.items() if level not in standing}
        orders = [
            _order(market, MAKER, level, contracts, TimeInForce.GOOD_TILL_CANCELED)
            for level, contracts in missing.items()
        ]
        answers = await self._exchange.trading.place_many(orders)
        for level, answer in zip(missing, answers, strict=True):
            if isinstance(answer, OrderAccepted):
                standing[level] = answer.order_id
        self._quotes[ticker] = standing

    async def _take(self, ticker: Ticker) -> None:
        """Have one of the takers buy or sell a little of what is offered."""
        market = await self._trading(ticker)
        if market is None:
            return
        side = self._random.choice(tuple(Side))
        limit = min(_worth(side, self._fair[ticker]) + SLACK, HIGHEST)
        level = (side, Ticks(limit // CENT * CENT))
        contracts = self._random.randint(1, 25)
        taker = self._random.choice(TAKERS)
        order = _order(market, taker, level, contracts, TimeInForce.IMMEDIATE_OR_CANCEL)
        await self._exchange.trading.place(order)

    def _levels(self, ticker: Ticker) -> Mapping[Level, int]:
        """Return where the maker bids, and for how many contracts."""
        levels: dict[Level, int] = {}
        for side in Side:
            best = (_worth(side, self._fair[ticker]) - CENT // 2) // CENT * CENT
            for behind in range(LEVELS):
                ticks = best - behind * CENT
                if ticks >= LOWEST:
                    levels[side, Ticks(ticks)] = 25 * (behind + 1)
        return levels

    async def _trading(self, ticker: Ticker) -> MarketState | None:
        """Return a market that trades, ``None`` if it does not."""
        market = await self._exchange.directory.find_market(ticker)
        return market if market is not None and market.status is MarketStatus.ACTIVE else None


def _worth(side: Side, fair_ticks: int) -> int:
    return fair_ticks if side is Side.YES else PAYOUT_TICKS - fair_ticks


def _order(
    market: MarketState, account_id: AccountId, level: Level, contracts: int, lasts: TimeInForce
) -> OrderRequest:
    """Return a bid for one side; whoever holds enough of the other sells that, which comes to the same."""
    side, ticks = level
    other = Side.NO if side is Side.YES else Side.YES
    quantity = Quantity(contracts * CONTRACT)
    position = market.positions.get(account_id)
    sells = position is not None and position.free(other) >= quantity
    return OrderRequest(
        account_id=account_id,
        ticker=market.ticker,
        side=other if sells else side,
        action=Action.SELL if sells else Action.BUY,
        quantity=quantity,
        price_ticks=complement(ticks) if sells else ticks,
        time_in_force=lasts,
    )
