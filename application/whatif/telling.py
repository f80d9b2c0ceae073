"""A market's life from some moment on, and what came of it for whoever traded."""

from collections.abc import Container, Iterator
from dataclasses import dataclass

from domain.identifiers import AccountId, OrderId
from domain.market.events import (
    Leg,
    MarketEvent,
    OrderCanceled,
    PositionSettled,
    PositionUnwound,
    TradeExecuted,
)
from domain.market.evolve import evolve
from domain.market.state import MarketState, Position
from domain.market.vocabulary import EndReason
from domain.quantities import PAYOUT_TICKS, Money


@dataclass(frozen=True, slots=True)
class Happened:
    """A trade, and when it was decided."""

    at_us: int
    trade: TradeExecuted

    def alike(self, other: "Happened") -> bool:
        """Return whether the same orders traded as much at the same price, for the same fees."""
        mine, its = self.trade, other.trade
        return (
            (mine.price_ticks, mine.quantity, mine.kind) == (its.price_ticks, its.quantity, its.kind)
            and _same(mine.maker, its.maker)
            and _same(mine.taker, its.taker)
        )


def _same(mine: Leg, its: Leg) -> bool:
    return (mine.order_id, mine.account_id, mine.fee) == (its.order_id, its.account_id, its.fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What an account held in the end, what it had put in by then, and what it got for it.

    ``paid`` is money put in less money taken out, fees included. ``got`` is ``None`` while the market has
    not ended; it includes fees that were returned.
    """

    yes: int
    no: int
    paid: Money
    fees: Money
    got: Money | None

    def worth(self, *, yes_ticks: int) -> Money:
        """Return what is held if a yes share pays so much."""
        return Money(yes_ticks * self.yes + (PAYOUT_TICKS - yes_ticks) * self.no)


_NOTHING = Position()


class Telling:
    """Follows a market event by event."""

    def __init__(self, state: MarketState) -> None:
        self.state = state
        self.trades: list[Happened] = []
        self.volume = 0
        self.ended: dict[OrderId, EndReason] = {}
        """Why those orders ended that were taken off."""
        self._settled: dict[AccountId, Holding] = {}

    def apply(self, event: MarketEvent, at_us: int) -> None:
        """Let an event happen."""
        if isinstance(event, PositionSettled | PositionUnwound):
            self._settled[event.account_id] = _ended(event, self.state.positions[event.account_id])
        evolve(self.state, event)
        if isinstance(event, TradeExecuted):
            self.trades.append(Happened(at_us, event))
            self.volume += event.quantity
        elif isinstance(event, OrderCanceled):
            self.ended[event.order_id] = event.reason

    @property
    def accounts(self) -> set[AccountId]:
        """Everybody who holds something, or was paid."""
        return {*self._settled, *self.state.positions}

    def holding(self, account_id: AccountId) -> Holding:
        """Return what came of it for an account."""
        settled = self._settled.get(account_id)
        if settled is not None:
            return settled
        position = self.state.positions.get(account_id, _NOTHING)
        return _held(position, got=None)

    def fills(self, orders: Container[OrderId]) -> Iterator[tuple[Leg, TradeExecuted]]:
        """Yield the parts that some orders had in the trades."""
        for happened in self.trades:
            trade = happened.trade
            for leg in (trade.maker, trade.taker):
                if leg.order_id in orders:
                    yield leg, trade


def _held(position: Position, *, got: Money | None) -> Holding:
    return Holding(
        yes=position.yes, no=position.no, paid=Money(position.paid), fees=Money(position.fees), got=got
    )


def _ended(event: PositionSettled | PositionUnwound, position: Position) -> Holding:
    if isinstance(event, PositionUnwound):
        return _held(position, got=event.refund)
    return _held(position, got=Money(event.payout + (event.fees if event.fees_returned else 0)))


def same_until(recorded: Telling, other: Telling) -> int:
    """Return how many trades are the same before the first that differs."""
    for number, (mine, its) in enumerate(zip(recorded.trades, other.trades, strict=False)):
        if not mine.alike(its):
            return number
    return min(len(recorded.trades), len(other.trades))
