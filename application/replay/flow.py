"""What a recording asks of an exchange, whatever venue it was made on.

Every price is in yes terms and in ticks of $0.0001, from 1 to 9999; quantities are hundredths of a
contract; times are microseconds since the Unix epoch, UTC, and never go back within a recording.
``ref`` names an order within its recording, once. ``actor`` names who acts; each needs an account of
its own, or the exchange would have it trade with itself.
"""

from dataclasses import dataclass
from typing import Literal

BookSide = Literal["bid", "ask"]
"""Where an order rests: buying yes, or selling yes (which is buying no)."""

Direction = Literal["buy", "sell"]
"""What is done with yes shares; shares of yes that one may not hold are sold by buying no."""

Outcome = Literal["yes", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGroup:
    """List a group of mutually exclusive markets; each of ``markets`` is opened after it."""

    group: str
    title: str
    markets: tuple[str, ...]
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMarket:
    """List a market and let it trade."""

    market: str
    title: str
    tick_size_ticks: int
    quantity_step: int
    group: str | None = None
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOrder:
    """Rest a limit order. Where it crosses the book it trades first."""

    ref: str
    market: str
    actor: str
    side: BookSide
    price_ticks: int
    quantity: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAtLevel:
    """Take this much off a price level, from the back of its queue; less may rest than is asked for."""

    market: str
    side: BookSide
    price_ticks: int
    quantity: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrder:
    """Trade at once up to a limit. What finds nobody must not rest (immediate or cancel)."""

    ref: str
    market: str
    actor: str
    side: Direction
    limit_ticks: int
    quantity: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOrder:
    """A trader's own order as it was sent: trades what it can and rests. ``quantity`` may be zero."""

    ref: str
    market: str
    actor: str
    side: Direction
    price_ticks: int
    quantity: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTrade:
    """A trade whose orders are unknown: a maker's order and a taker's that meets it, in an empty book."""

    ref: str
    market: str
    taker_side: Outcome
    yes_price_ticks: int
    quantity: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplacedTrade:
    """A recorded trade that the book as recorded cannot make; it is only to be counted."""

    market: str
    yes_price_ticks: int
    quantity: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Stop trading for a while; orders keep resting and may be canceled."""

    market: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Let trading go on."""

    market: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """End trading; what rests goes."""

    market: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """State the result of a closed market that is in no group, and let it stand."""

    market: str
    result: Outcome
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveGroup:
    """State which market of a closed group is yes, and let it stand."""

    group: str
    winner: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """End a market that is in no group without a result."""

    market: str
    reason: str
    at_us: int


Instruction = (
    OpenGroup
    | OpenMarket
    | AddOrder
    | CancelAtLevel
    | TakeOrder
    | LimitOrder
    | RecordedTrade
    | UnplacedTrade
    | Pause
    | Resume
    | Close
    | Resolve
    | ResolveGroup
    | Void
)
