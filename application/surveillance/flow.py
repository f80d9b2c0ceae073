"""The flow of orders as detectors see it: in yes terms, and no more of it than they need."""

from typing import NamedTuple

from application.events import DomainEvent, Recorded
from domain.market.vocabulary import BUY, YES, Action, Side
from domain.quantities import complement

BID, ASK = 1, -1
"""The sides of the book: what adds to a position in yes, and what takes from it."""


class Ref(NamedTuple):
    """Where an event stands."""

    stream: str
    revision: int

    def __str__(self) -> str:
        """Return it as commands take it."""
        return f"{self.stream}@{self.revision}"


class Order:
    """An order of which it is known when it was placed."""

    __slots__ = (
        "account",
        "at_us",
        "filled",
        "filled_us",
        "id",
        "market",
        "price",
        "quantity",
        "ref",
        "side",
    )

    def __init__(
        self, id_: str, account: str, market: str, side: int, price: int, quantity: int, at_us: int, ref: Ref
    ) -> None:
        self.id = id_
        self.account = account
        self.market = market
        self.side = side
        self.price = price
        self.quantity = quantity
        self.at_us = at_us
        self.ref = ref
        self.filled = 0


class Trade(NamedTuple):
    """A trade in yes terms; ``side`` is the taker's."""

    market: str
    at_us: int
    maker: str
    taker: str
    side: int
    price: int
    quantity: int
    ref: Ref


def side_of(side: Side, action: Action) -> int:
    """Return what an order does to a position in yes."""
    return BID if (side is YES) is (action is BUY) else ASK


def yes_price(side: Side, price_ticks: int) -> int:
    """Return a price in terms of yes."""
    return price_ticks if side is YES else complement(price_ticks)  # type: ignore[arg-type]


def ref_of(recorded: Recorded[DomainEvent]) -> Ref:
    """Return where an event stands."""
    return Ref(recorded.stream, recorded.revision)
