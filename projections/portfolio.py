"""Positions by market, profit and loss by average cost, and how positions ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from application.events import Recorded
from application.streams import MARKET
from domain.identifiers import AccountId
from domain.market.events import (
    Leg,
    MarketCalledOff,
    MarketFinalized,
    MarketVoided,
    PairsRedeemed,
    PositionSettled,
    PositionUnwound,
    TradeExecuted,
)
from domain.market.vocabulary import Result, Side
from domain.quantities import PAYOUT_TICKS
from projections.folds import holding
from projections.reading.queries import (
    MAX_LIMIT,
    PortfolioQueries,
    PortfolioView,
    PositionFilter,
    everything,
)
from projections.reading.views import OrderView, PositionView
from projections.running.projection import Projection
from projections.running.rows import Journal, Rows
from projections.running.table import Table


@dataclass(slots=True)
class PositionRow:
    """What an account holds in a market, what it cost, and what it brought."""

    account_id: str
    ticker: str
    yes: int
    no: int
    yes_cost: int
    no_cost: int
    realized_pnl: int
    fees: int
    total_traded: int
    shares_traded: int
    updated_at_us: int


@dataclass(slots=True)
class OutcomeRow:
    """How a market ended: what is needed to word the settlements that follow."""

    ticker: str
    result: str
    yes_ticks: int


@dataclass(slots=True)
class SettlementRow:
    """How an account's position ended."""

    account_id: str
    position: int
    ticker: str
    result: str
    unwound: bool
    yes: int
    no: int
    yes_cost: int
    no_cost: int
    payout: int
    fees: int
    fees_returned: bool
    yes_ticks: int
    at_us: int


@dataclass(slots=True)
class RedemptionRow:
    """Pairs of an account that were redeemed, and the trade that completed the last of them."""

    account_id: str
    at_us: int
    position: int
    ticker: str
    quantity: int
    trade_id: str | None


POSITIONS = Table("positions", PositionRow, key=("account_id", "ticker"))
OUTCOMES = Table("outcomes", OutcomeRow, key=("ticker",))
SETTLEMENTS = Table("settlements", SettlementRow, key=("account_id", "at_us", "position"))
REDEMPTIONS = Table("redemptions", RedemptionRow, key=("account_id", "at_us", "position"))


class PortfolioProjection(Projection):
    """Keeps what each trader holds and how each trader did; asked through the store its rows are in."""

    name: ClassVar[str] = "portfolio"
    version: ClassVar[int] = 1
    halts: ClassVar[bool] = True

    def __init__(self, portfolio: PortfolioQueries) -> None:
        self._portfolio = portfolio
        self._positions = Rows(POSITIONS)
        self._outcomes = Rows(OUTCOMES)
        self._settlements = Journal(SETTLEMENTS)
        self._redemptions = Journal(REDEMPTIONS)
        super().__init__(
            parts=(self._positions, self._outcomes, self._settlements, self._redemptions),
            handlers={
                TradeExecuted: self._traded,
                MarketFinalized: self._finalized,
                MarketVoided: self._voided,
                MarketCalledOff: self._called_off,
                PairsRedeemed: self._redeemed,
                PositionSettled: self._settled,
                PositionUnwound: self._unwound,
            },
            wants={
                TradeExecuted: self._want_both,
                PairsRedeemed: self._want_one,
                PositionSettled: self._want_ending,
                PositionUnwound: self._want_ending,
            },
        )

    async def get_portfolio(self, trader_id: AccountId) -> PortfolioView:
        """Return a trader's money, positions and open orders, all of the same moment.

        Of positions and orders the first page each; a cursor says where there are more.
        """
        return await self._portfolio.get_portfolio(trader_id)

    async def get_positions(self, trader_id: AccountId) -> Sequence[PositionView]:
        """Return all of a trader's positions that hold shares, by ticker."""
        held = PositionFilter(holding=True)
        return await everything(
            lambda cursor: self._portfolio.get_positions(trader_id, held, limit=MAX_LIMIT, cursor=cursor)
        )

    async def get_open_orders(self, trader_id: AccountId) -> Sequence[OrderView]:
        """Return all of a trader's open orders, newest first."""
        return await everything(
            lambda cursor: self._portfolio.get_open_orders(trader_id, limit=MAX_LIMIT, cursor=cursor)
        )

    def _want_both(self, recorded: Recorded[TradeExecuted]) -> None:
        ticker = recorded.stream.removeprefix(MARKET)
        self._positions.want((recorded.event.maker.account_id, ticker))
        self._positions.want((recorded.event.taker.account_id, ticker))

    def _want_one(self, recorded: Recorded[PairsRedeemed]) -> None:
        self._positions.want((recorded.event.account_id, recorded.stream.removeprefix(MARKET)))

    def _want_ending(self, recorded: Recorded[PositionSettled | PositionUnwound]) -> None:
        ticker = recorded.stream.removeprefix(MARKET)
        self._positions.want((recorded.event.account_id, ticker))
        self._outcomes.want(ticker)

    def _traded(self, recorded: Recorded[TradeExecuted]) -> None:
        self._filled(recorded, recorded.event.maker)
        self._filled(recorded, recorded.event.taker)

    def _filled(self, recorded: Recorded[TradeExecuted], leg: Leg) -> None:
        trade = recorded.event
        ticker = recorded.stream.removeprefix(MARKET)
        row = self._positions.get((leg.account_id, ticker)) or nothing(leg.account_id, ticker)
        fill(row, trade, leg)
        row.updated_at_us = recorded.cause.at_us
        self._positions.put(row)

    def _redeemed(self, recorded: Recorded[PairsRedeemed]) -> None:
        event, ticker = recorded.event, recorded.stream.removeprefix(MARKET)
        row = self._positions.get((event.account_id, ticker))
        assert row is not None, "an account redeems what it never bought"
        self._redemptions.add(
            RedemptionRow(
                account_id=event.account_id,
                at_us=recorded.cause.at_us,
                position=recorded.position,
                ticker=ticker,
                quantity=event.quantity,
                trade_id=event.trade_id,
            )
        )
        redeem(row, event)
        row.updated_at_us = recorded.cause.at_us
        self._positions.put(row)

    def _finalized(self, recorded: Recorded[MarketFinalized]) -> None:
        result = recorded.event.result
        self._end(recorded, result, PAYOUT_TICKS if result is Result.YES else 0)

    def _voided(self, recorded: Recorded[MarketVoided]) -> None:
        self._end(recorded, Result.VOID, recorded.event.yes_price_ticks)

    def _called_off(self, recorded: Recorded[MarketCalledOff]) -> None:
        self._end(recorded, Result.VOID, 0)

    def _end(self, recorded: Recorded[Any], result: Result, yes_ticks: int) -> None:
        ticker = recorded.stream.removeprefix(MARKET)
        self._outcomes.put(OutcomeRow(ticker=ticker, result=result.value, yes_ticks=yes_ticks))

    def _settled(self, recorded: Recorded[PositionSettled]) -> None:
        event = recorded.event
        row = self._note(recorded, event.payout, unwound=False, fees_returned=event.fees_returned)
        settle(row, event)

    def _unwound(self, recorded: Recorded[PositionUnwound]) -> None:
        row = self._note(recorded, recorded.event.refund, unwound=True, fees_returned=True)
        unwind(row)

    def _note(
        self,
        recorded: Recorded[PositionSettled | PositionUnwound],
        payout: int,
        *,
        unwound: bool,
        fees_returned: bool,
    ) -> PositionRow:
        event = recorded.event
        ticker = recorded.stream.removeprefix(MARKET)
        row = self._positions.get((event.account_id, ticker)) or nothing(event.account_id, ticker)
        outcome = self._outcomes.get(ticker)
        assert outcome is not None, f"market {ticker} pays before it has ended"
        self._settlements.add(
            SettlementRow(
                account_id=event.account_id,
                position=recorded.position,
                ticker=ticker,
                result=outcome.result,
                unwound=unwound,
                yes=event.yes,
                no=event.no,
                yes_cost=row.yes_cost,
                no_cost=row.no_cost,
                payout=payout,
                fees=event.fees,
                fees_returned=fees_returned,
                yes_ticks=outcome.yes_ticks,
                at_us=recorded.cause.at_us,
            )
        )
        row.updated_at_us = recorded.cause.at_us
        self._positions.put(row)
        return row


def nothing(account_id: str, ticker: str) -> PositionRow:
    """Return the position of an account that has none in a market."""
    return PositionRow(
        account_id=account_id,
        ticker=ticker,
        yes=0,
        no=0,
        yes_cost=0,
        no_cost=0,
        realized_pnl=0,
        fees=0,
        total_traded=0,
        shares_traded=0,
        updated_at_us=0,
    )


def fill(row: PositionRow, trade: TradeExecuted, leg: Leg) -> None:
    """Note what a trade did to a position."""
    price = trade.price_ticks if leg.side is Side.YES else PAYOUT_TICKS - trade.price_ticks
    value = price * trade.quantity
    row.realized_pnl += holding.trade(row, leg.side, leg.action, trade.quantity, value)
    row.fees += leg.fee
    row.total_traded += value
    row.shares_traded += trade.quantity


def redeem(row: PositionRow, event: PairsRedeemed) -> None:
    """Note that pairs were redeemed."""
    row.realized_pnl += holding.redeem(row, event.quantity)


def settle(row: PositionRow, event: PositionSettled) -> None:
    """Note that a position was paid."""
    row.realized_pnl += holding.close(row, event.payout)
    if event.fees_returned:
        row.fees -= event.fees


def unwind(row: PositionRow) -> None:
    """Note that all trades of a position were undone."""
    holding.close(row, 0)
    row.realized_pnl = row.fees = 0
