"""What the exchange answers, as far as bots ask for it; every amount is exact.

Prices are in dollars, counts in contracts. What is not named here is in the documents of the interface, and
:meth:`presage.client.Exchange.get` returns it as it came.
"""

from decimal import Decimal

from msgspec import Struct


def _named(**names: str) -> dict[str, str]:
    return names


class Market(
    Struct,
    frozen=True,
    rename=_named(
        status="lifecycle_status",
        result="lifecycle_result",
        yes_bid="yes_bid_dollars",
        yes_ask="yes_ask_dollars",
        last_price="last_price_dollars",
        volume="volume_fp",
        version="market_version",
    ),
):
    """A market; ``version`` is the revision of its latest event."""

    ticker: str
    title: str
    status: str
    yes_bid: Decimal
    yes_ask: Decimal
    last_price: Decimal
    volume: Decimal
    version: int
    result: str | None = None


class Order(
    Struct,
    frozen=True,
    rename=_named(
        yes_price="yes_price_dollars",
        initial="initial_count_fp",
        filled="fill_count_fp",
        remaining="remaining_count_fp",
    ),
):
    """An order as it stands: ``resting``, ``canceled`` or ``executed``."""

    order_id: str
    client_order_id: str
    ticker: str
    side: str
    action: str
    status: str
    yes_price: Decimal
    initial: Decimal
    filled: Decimal
    remaining: Decimal
    end_reason: str | None = None


class Fill(
    Struct,
    frozen=True,
    rename=_named(yes_price="yes_price_dollars", count="count_fp", fee="fee_cost"),
):
    """One's own part of a trade."""

    trade_id: str
    order_id: str
    ticker: str
    side: str
    action: str
    yes_price: Decimal
    count: Decimal
    fee: Decimal
    is_taker: bool


class Trade(Struct, frozen=True, rename=_named(yes_price="yes_price_dollars", count="count_fp")):
    """A trade as everybody sees it."""

    trade_id: str
    ticker: str
    yes_price: Decimal
    count: Decimal
    taker_side: str
    created_time: str


class Position(
    Struct,
    frozen=True,
    rename=_named(
        yes="yes_count_fp", no="no_count_fp", realized_pnl="realized_pnl_dollars", fees="fees_paid_dollars"
    ),
):
    """What is held in a market: of one outcome, as pairs of both are redeemed."""

    ticker: str
    yes: Decimal
    no: Decimal
    realized_pnl: Decimal
    fees: Decimal


class Balance(Struct, frozen=True):
    """An account's money, exact to a millionth of a dollar."""

    cash_microdollars: int
    reserved_microdollars: int
    locked_microdollars: int

    @property
    def available(self) -> Decimal:
        """What orders can be placed with, in dollars."""
        return Decimal(self.cash_microdollars).scaleb(-6)

    @property
    def reserved(self) -> Decimal:
        """What open orders hold, in dollars."""
        return Decimal(self.reserved_microdollars).scaleb(-6)
