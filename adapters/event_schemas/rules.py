"""The one table of what a field of an event may hold: limits, unit, meaning.

A field's rule is found by its class and name in ``EXCEPTIONS``, or else by its name in ``BY_NAME``, or else
by its type in ``BY_TYPE``. A field without a rule is an error. Everything is strict: a number is never made
from text or from a float, and a bool is not a number.
"""

from enum import Enum

from pydantic import Field
from pydantic.fields import FieldInfo

from domain.fees import FeeRate, FeeSchedule
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.ledger import events as ledger
from domain.market import events as market
from domain.market.vocabulary import Result
from domain.quantities import MAX_QUANTITY, PAYOUT_TICKS, Money, Quantity, Ticks

LARGEST = 2**63 - 1
"""The largest number that stores and clients can be expected to hold."""

TICKS = "ticks of $0.0001"
CONTRACTS = "hundredths of a contract"
MONEY = "millionths of a dollar"
TIME = "microseconds since the Unix epoch, UTC"

PRINTABLE = r"^[!-~]{1,128}$"
"""Visible ASCII characters, no spaces."""

TICKER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
CLIENT_ORDER_ID = r"^[A-Za-z0-9_:+=/-]{0,64}$"


def _number(meaning: str, unit: str, low: int, high: int | None = LARGEST) -> FieldInfo:
    rule: FieldInfo = Field(
        strict=True, ge=low, le=high, description=meaning, json_schema_extra={"unit": unit}
    )
    return rule


def _name(meaning: str, pattern: str = PRINTABLE) -> FieldInfo:
    rule: FieldInfo = Field(strict=True, pattern=pattern, description=meaning)
    return rule


def _text(meaning: str, longest: int, shortest: int | None = None) -> FieldInfo:
    rule: FieldInfo = Field(strict=True, min_length=shortest, max_length=longest, description=meaning)
    return rule


def _flag(meaning: str) -> FieldInfo:
    rule: FieldInfo = Field(strict=True, description=meaning)
    return rule


def _delta(meaning: str) -> FieldInfo:
    return _number(f"{meaning}; below zero: taken away", MONEY, -LARGEST)


BY_TYPE: dict[object, FieldInfo] = {
    Ticks: _number("a price", TICKS, 1, PAYOUT_TICKS - 1),
    Quantity: _number("a number of contracts", CONTRACTS, 0),
    Money: _number("an amount of money", MONEY, 0),
    AccountId: _name("an account"),
    OrderId: _name("an order"),
    Ticker: _name("a market", TICKER),
    GroupId: _name("a group of markets", TICKER),
    TradeId: _name("a trade"),
}

BY_NAME: dict[str, FieldInfo] = {
    "title": _text("what people read", 2_000),
    "rules": _text("how the market is resolved", 100_000),
    "category": _text("for finding markets", 200),
    "series": _text("the series the group belongs to", 200),
    "reason": _text("why, for people", 2_000),
    "evidence": _text("where the result was found", 10_000),
    "reference": _text("the caller's name for the transfer; each counts once", 200, shortest=1),
    "name": _text("what people call the key", 200),
    "public_key_pem": _text("the key, in PEM", 20_000, shortest=1),
    "key_id": _name("a key"),
    "order_group_id": _name("an order group of the account"),
    "request_digest": _name("a hash of what was asked"),
    "client_order_id": _name("the client's own name for the order; may be empty", CLIENT_ORDER_ID),
    "close_at_us": _number("when trading ends by itself", TIME, 0),
    "expires_at_us": _number("when the order ends by itself", TIME, 0),
    "market_revision": _number("the market's event that is booked", "revision of the market's stream", 0),
    "rules_version": _number("the rules that stood", "version of the rules text", 1),
    "version": _number("counts the texts of the rules, from 1", "version of the rules text", 1),
    "partitions": _number("into how many ledgers the accounts are spread", "ledgers", 1, 100),
    "post_only": _flag("the order is refused rather than trade at once"),
    "reduce_only": _flag("the order only brings the position closer to nothing"),
    "cancel_on_pause": _flag("the order goes when the market is paused"),
    "fees_returned": _flag("the holder gets the fees back"),
    "strict": _flag("the query and the body must be signed too"),
    "refund": _delta("what the account gets back"),
    "cash_delta": _delta("added to cash"),
    "reserved_delta": _delta("added to the order's reservation"),
    "locked_delta": _delta("added to the locked proceeds"),
    # Exact fees of large orders need more than 64 bits.
    "fee_accrued": _number("the order's exact fee so far", f"{MONEY} / 10^8", 0, None),
}

_TRADED = _number("a number of contracts", CONTRACTS, 1)
_TRANSFERRED = _number("an amount of money", MONEY, 1)
_TICK_SIZE = _number("prices are multiples of this", TICKS, 1, PAYOUT_TICKS)
_LIMIT = _number("after how many contracts the group is taken off", CONTRACTS, 1)

EXCEPTIONS: dict[tuple[type, str], FieldInfo] = {
    (market.MarketCreated, "tick_size_ticks"): _TICK_SIZE,
    (market.TickSizeChanged, "tick_size_ticks"): _TICK_SIZE,
    (market.MarketCreated, "quantity_min"): _number("the smallest order", CONTRACTS, 1),
    (market.MarketCreated, "quantity_step"): _number("orders are multiples of this", CONTRACTS, 1),
    (market.MarketVoided, "yes_price_ticks"): _number("what a yes share pays", TICKS, 0, PAYOUT_TICKS),
    (market.Terms, "quantity"): _number("a number of contracts", CONTRACTS, 1, MAX_QUANTITY),
    (market.TradeExecuted, "quantity"): _TRADED,
    (market.OrderDecreased, "quantity"): _TRADED,
    (market.OrderCanceled, "quantity"): _TRADED,
    (ledger.FundsDeposited, "amount"): _TRANSFERRED,
    (ledger.FundsWithdrawn, "amount"): _TRANSFERRED,
    (ledger.FeesWithdrawn, "amount"): _TRANSFERRED,
    (ledger.FillBooked, "quantity"): _TRADED,
    (ledger.OrderGroupCreated, "limit"): _LIMIT,
    (ledger.OrderGroupLimitChanged, "limit"): _LIMIT,
    (FeeSchedule, "grain"): _number("an order's fees are rounded up to this", MONEY, 1),
    (FeeRate, "quadratic_bps"): _number("times p x (1 - p) per contract", "basis points", 0, 10_000),
    (FeeRate, "flat_ticks"): _number("per contract", TICKS, 0, PAYOUT_TICKS),
}

_DECIDED: list[Enum] = [Result.YES, Result.NO]

CHOICES: dict[tuple[type, str], list[Enum]] = {
    (market.ConditionLinked, "required"): _DECIDED,
    (market.MarketDetermined, "result"): _DECIDED,
    (market.MarketFinalized, "result"): _DECIDED,
}
"""Where a field may hold only some of the values of its type: a market ends void by other events."""


def rule_for(owner: type, name: str, hint: object) -> FieldInfo:
    """Return the rule of the field ``name`` of the class ``owner``, whose type is ``hint``."""
    rule = EXCEPTIONS.get((owner, name)) or BY_NAME.get(name) or BY_TYPE.get(hint)
    if rule is None:
        raise LookupError(f"{owner.__name__}.{name}: {hint} has no rule in {__name__}")
    return rule
