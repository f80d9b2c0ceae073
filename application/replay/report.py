"""What a replay did: counted per file while it runs, told at the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from application.replay.book import LevelDifference
from application.replay.flow import BookSide, Direction
from domain.quantities import CONTRACT, Quantity


class Progress(Protocol):
    """Is told how far a replay has come; ``of`` is 0 where the end is not known."""

    def __call__(self, what: str, done: int, of: int, /) -> None:
        """Show that ``done`` of ``of`` steps are done of a file, or of checking the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A take or a cancel that found less than it asked for, in hundredths of a contract."""

    what: str
    market: str
    side: BookSide | Direction
    price_ticks: int
    asked: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEnd:
    """A market as the file left it; the best prices are in yes terms."""

    market: str
    fills: int
    volume: Quantity
    best_bid_ticks: int | None
    best_ask_ticks: int | None


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of one recording.

    ``takes`` are orders that may not rest, those behind recorded trades included; ``crossing`` counts
    orders that may rest and traded at once. ``skipped`` says of each market that could not be replayed
    why not. ``book_equal`` is ``None`` where no final book was recorded.
    """

    file: str
    orders: int = 0
    fills: int = 0
    volume: Quantity = Quantity(0)
    takes: int = 0
    takes_filled: int = 0
    crossing: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    shortfalls: list[Shortfall] = field(default_factory=list)
    unplaced_trades: int = 0
    unplaced_volume: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    markets: list[MarketEnd] = field(default_factory=list)
    book_equal: bool | None = None
    book_differences: Sequence[LevelDifference] = ()

    @property
    def cancels_short(self) -> int:
        """How many cancels asked for more than rested."""
        return sum(shortfall.what == "cancel" for shortfall in self.shortfalls)

    def as_json(self) -> dict[str, Any]:
        """Return the report in plain JSON types; volumes are in contracts."""
        return {
            "file": self.file,
            "orders": self.orders,
            "fills": self.fills,
            "volume": _contracts(self.volume),
            "takes": self.takes,
            "takes_filled": self.takes_filled,
            "orders_crossing": self.crossing,
            "refused": dict(self.refused.most_common()),
            "cancels_short": self.cancels_short,
            "shortfalls": [_shortfall(shortfall) for shortfall in self.shortfalls],
            "unplaced_trades": self.unplaced_trades,
            "unplaced_volume": _contracts(self.unplaced_volume),
            "skipped": self.skipped,
            "markets": [_market_end(end) for end in self.markets],
            "book_equal": self.book_equal,
            "book_differences": [_difference(level) for level in self.book_differences],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What became of all recordings. ``elapsed_s`` runs until the last fill was settled.

    ``invariants`` is ``ok`` or the first thing that does not hold.
    """

    files: Sequence[FileReport]
    elapsed_s: float
    invariants: str
    events: int

    @property
    def orders_per_s(self) -> float:
        """How many orders were placed, durable, matched and settled in a second."""
        orders = sum(report.orders for report in self.files)
        return orders / self.elapsed_s if self.elapsed_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the report in plain JSON types."""
        return {
            "files": [report.as_json() for report in self.files],
            "orders_per_s": round(self.orders_per_s, 1),
            "elapsed_s": round(self.elapsed_s, 3),
            "events": self.events,
            "invariants": self.invariants,
        }


def _contracts(quantity: int) -> int | float:
    """Return a quantity in contracts: exact, since it has two decimals at most."""
    whole, rest = divmod(quantity, CONTRACT)
    return whole if not rest else round(quantity / CONTRACT, 2)


def _shortfall(shortfall: Shortfall) -> dict[str, Any]:
    return {
        "what": shortfall.what,
        "market": shortfall.market,
        "side": shortfall.side,
        "price_ticks": shortfall.price_ticks,
        "asked": _contracts(shortfall.asked),
        "found": _contracts(shortfall.found),
    }


def _market_end(end: MarketEnd) -> dict[str, Any]:
    return {
        "market": end.market,
        "fills": end.fills,
        "volume": _contracts(end.volume),
        "best_bid_ticks": end.best_bid_ticks,
        "best_ask_ticks": end.best_ask_ticks,
    }


def _difference(level: LevelDifference) -> dict[str, Any]:
    return {
        "side": level.side,
        "price_ticks": level.price_ticks,
        "recorded": _contracts(level.recorded),
        "replayed": _contracts(level.replayed),
    }
