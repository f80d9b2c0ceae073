"""The traders of the house: one makes every market by the logarithmic rule, others take what it offers.

They trade through the exchange like everybody else, with money of their own and no advantage. What takers
believe wanders at random from a seed. What the house has on the books is bounded, so is what it does in a
second, and so is what the maker can lose.
"""

import asyncio
from collections.abc import Sequence
from random import Random

from adapters.demo.listing import fund
from adapters.demo.questions import Question
from application.exchange import Exchange
from application.liquidity.market_maker import MarketMaker
from application.requests import OrderRequest
from domain.identifiers import AccountId, Ticker
from domain.lmsr import LogarithmicRule
from domain.market.state import MarketState
from domain.market.vocabulary import Action, MarketStatus, Side, TimeInForce
from domain.quantities import CONTRACT, DOLLAR, PAYOUT_TICKS, Money, Quantity, Ticks, complement

MAKER = AccountId("house-maker")
TAKERS = (AccountId("house-anna"), AccountId("house-boris"), AccountId("house-chiara"))

MONEY = Money(1_000_000 * DOLLAR)
MAKERS_LOSS = Money(1_000 * DOLLAR)
"""The most that the maker may lose in one market."""
STEP = Quantity(25 * CONTRACT)
STEP_S = 1.0
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
        self._makers = {
            question.ticker: MarketMaker(
                exchange.trading,
                exchange.directory,
                account_id=MAKER,
                ticker=question.ticker,
                rule=LogarithmicRule(MAKERS_LOSS, Ticks(question.fair_ticks)),
                step=STEP,
            )
            for question in questions
        }

    async def open(self) -> None:
        """Fund the traders, take off what an earlier run left, and quote every market."""
        for account_id in (MAKER, *TAKERS):
            await fund(self._exchange, account_id, MONEY)
            await self._exchange.trading.cancel_all(account_id)
        for maker in self._makers.values():
            await maker.quote()

    async def run(self) -> None:
        """Take and quote, one small step after the other."""
        while True:
            await asyncio.sleep(STEP_S * self._random.uniform(0.5, 1.5))
            await self._step(self._random.choice(list(self._fair)))

    async def _step(self, ticker: Ticker) -> None:
        believed = self._fair[ticker] + self._random.gauss(0, CENT)
        self._fair[ticker] = round(min(max(believed, LOWEST + CENT), HIGHEST - CENT))
        await self._take(ticker)
        await self._makers[ticker].quote()

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
