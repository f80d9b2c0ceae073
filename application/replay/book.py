"""An order book by price level, and how two of them differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from application.replay.flow import BookSide


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What rests at one price, in yes terms."""

    price_ticks: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Both sides of a market in yes terms, best level first, without empty levels."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    @classmethod
    def of(cls, bids: Mapping[int, int], asks: Mapping[int, int]) -> Self:
        """Make a book from quantity by price."""
        return cls(bids=_levels(bids, best_is_highest=True), asks=_levels(asks, best_is_highest=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDifference:
    """A price level that is not the same in two books."""

    side: BookSide
    price_ticks: int
    recorded: int
    replayed: int


def differences(recorded: Book, replayed: Book) -> tuple[LevelDifference, ...]:
    """Return every level that differs, best first, bids before asks; nothing when the books are equal."""
    return (
        *_side_differences("bid", recorded.bids, replayed.bids),
        *_side_differences("ask", recorded.asks, replayed.asks),
    )


def _levels(quantities: Mapping[int, int], *, best_is_highest: bool) -> tuple[Level, ...]:
    return tuple(
        Level(price_ticks=price, quantity=quantity)
        for price, quantity in sorted(quantities.items(), reverse=best_is_highest)
        if quantity
    )


def _side_differences(
    side: BookSide, recorded: tuple[Level, ...], replayed: tuple[Level, ...]
) -> Iterator[LevelDifference]:
    expected = {level.price_ticks: level.quantity for level in recorded}
    found = {level.price_ticks: level.quantity for level in replayed}
    for price in sorted(expected.keys() | found.keys(), reverse=side == "bid"):
        if expected.get(price, 0) != found.get(price, 0):
            yield LevelDifference(
                side=side,
                price_ticks=price,
                recorded=expected.get(price, 0),
                replayed=found.get(price, 0),
            )
