"""Trades, and each account's side of them."""

from dataclasses import dataclass
from typing import ClassVar

from application.events import Recorded
from application.ports.event_store import Position
from application.streams import MARKET
from domain.identifiers import Ticker, TradeId
from domain.market.book import book_place
from domain.market.events import Leg, TradeExecuted
from domain.market.vocabulary import FillKind, Side
from domain.quantities import Quantity, Ticks
from projections.reading.views import TradeView
from projections.running.projection import Projection
from projections.running.rows import Journal
from projections.running.table import Table


@dataclass(slots=True)
class TradeRow:
    """Two orders that met; ``taker_side`` is what the taker bid for."""

    position: int
    trade_id: str
    ticker: str
    revision: int
    price_ticks: int
    quantity: int
    taker_side: str
    kind: str
    rules_version: int
    at_us: int


@dataclass(slots=True)
class FillRow:
    """One account's side of a trade."""

    account_id: str
    position: int
    trade_id: str
    order_id: str
    ticker: str
    side: str
    action: str
    price_ticks: int
    quantity: int
    fee: int
    is_taker: bool
    kind: str
    rules_version: int
    at_us: int


TRADES = Table("trades", TradeRow, key=("position",))
FILLS = Table("fills", FillRow, key=("account_id", "at_us", "position"))


class TradesProjection(Projection):
    """Notes every trade once, and every fill once in each of its two accounts."""

    name: ClassVar[str] = "trades"
    version: ClassVar[int] = 1
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._trades = Journal(TRADES)
        self._fills = Journal(FILLS)
        super().__init__(parts=(self._trades, self._fills), handlers={TradeExecuted: self._traded}, wants={})

    def _traded(self, recorded: Recorded[TradeExecuted]) -> None:
        self._trades.add(trade_row(recorded))
        self._fill(recorded, recorded.event.maker, is_taker=False)
        self._fill(recorded, recorded.event.taker, is_taker=True)

    def _fill(self, recorded: Recorded[TradeExecuted], leg: Leg, *, is_taker: bool) -> None:
        trade = recorded.event
        self._fills.add(
            FillRow(
                account_id=leg.account_id,
                position=recorded.position,
                trade_id=trade.trade_id,
                order_id=leg.order_id,
                ticker=recorded.stream.removeprefix(MARKET),
                side=leg.side.value,
                action=leg.action.value,
                price_ticks=trade.price_ticks,
                quantity=trade.quantity,
                fee=leg.fee,
                is_taker=is_taker,
                kind=trade.kind.value,
                rules_version=trade.rules_version,
                at_us=recorded.cause.at_us,
            )
        )


def trade_row(recorded: Recorded[TradeExecuted]) -> TradeRow:
    """Return a trade as it is kept."""
    trade = recorded.event
    taker = trade.taker
    return TradeRow(
        position=recorded.position,
        trade_id=trade.trade_id,
        ticker=recorded.stream.removeprefix(MARKET),
        revision=recorded.revision,
        price_ticks=trade.price_ticks,
        quantity=trade.quantity,
        taker_side=book_place(taker.side, taker.action, trade.price_ticks)[0].value,
        kind=trade.kind.value,
        rules_version=trade.rules_version,
        at_us=recorded.cause.at_us,
    )


def trade_view(row: TradeRow) -> TradeView:
    """Return a trade as readers see it."""
    return TradeView(
        trade_id=TradeId(row.trade_id),
        ticker=Ticker(row.ticker),
        price_ticks=Ticks(row.price_ticks),
        quantity=Quantity(row.quantity),
        taker_side=Side(row.taker_side),
        kind=FillKind(row.kind),
        rules_version=row.rules_version,
        at_us=row.at_us,
        revision=row.revision,
        position=Position(row.position),
    )
