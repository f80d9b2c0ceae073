"""The trade's words for what an order and a market can be. The values are stored and public."""

from enum import StrEnum
from typing import Final


class Side(StrEnum):
    """Which outcome the order trades."""

    YES = "yes"
    NO = "no"


class Action(StrEnum):
    """Whether shares of that outcome are bought or sold."""

    BUY = "buy"
    SELL = "sell"


# The members by themselves: looking one up in its class costs more than most of what is done with it, and
# these are looked at for every order.
YES: Final = Side.YES
NO: Final = Side.NO
BUY: Final = Action.BUY
SELL: Final = Action.SELL


class OrderType(StrEnum):
    """How the order's price is meant."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"


class TimeInForce(StrEnum):
    """How long an order may wait."""

    GOOD_TILL_CANCELED = "good_till_canceled"
    GOOD_TILL_DATE = "good_till_date"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


class SelfTradePrevention(StrEnum):
    """Who gives way when an account would trade with itself."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


class FillKind(StrEnum):
    """What a fill does to the shares outstanding."""

    NORMAL = "normal"
    """Shares change hands."""
    MINT = "mint"
    """A pair is created from $1: both sides buy."""
    MERGE = "merge"
    """A pair is redeemed for $1: both sides sell."""


class EndReason(StrEnum):
    """Why what was left of an order did not trade."""

    REQUESTED = "requested"
    IMMEDIATE = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    EXPIRED = "expired"
    SELF_TRADE = "self_trade_prevention"
    ORDER_GROUP = "order_group_triggered"
    MARKET_PAUSED = "market_paused"
    MARKET_CLOSED = "market_closed"
    MARKET_VOIDED = "market_voided"
    CALLED_OFF = "condition_failed"
    REDUCE_ONLY = "reduce_only"
    PAIRS_REDEEMED = "pairs_redeemed"
    """The shares it offered were redeemed: another order of the account had bought their opposite."""
    FILL_LIMIT = "fill_limit"
    """Of the past: an order met at most 500 others."""


class MarketStatus(StrEnum):
    """Where a market stands in its life."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    PAUSED = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    FINALIZED = "finalized"


class Result(StrEnum):
    """How a market ended."""

    YES = "yes"
    NO = "no"
    VOID = "void"


class Condition(StrEnum):
    """Whether a market depends on another, and how that stands."""

    NONE = "none"
    PENDING = "pending"
    MET = "met"
    FAILED = "failed"
