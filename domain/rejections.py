"""Expected refusals. A refusal is a value that a decision returns; an exception is a fault."""

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a command was refused, in the order the checks are made. The value is the stable code."""

    # The command itself
    INVALID_QUANTITY = "invalid_quantity"
    INVALID_PRICE = "invalid_price"
    INVALID_AMOUNT = "invalid_amount"
    INVALID_ORDER = "invalid_order"
    INVALID_CLOSE_TIME = "invalid_close_time"
    NOT_RECORDABLE = "not_recordable"
    # What it speaks of
    MARKET_NOT_FOUND = "market_not_found"
    MARKET_EXISTS = "market_exists"
    GROUP_NOT_FOUND = "group_not_found"
    GROUP_EXISTS = "group_exists"
    ORDER_NOT_FOUND = "order_not_found"
    ORDER_EXISTS = "order_exists"
    ORDER_GROUP_NOT_FOUND = "order_group_not_found"
    ORDER_GROUP_EXISTS = "order_group_exists"
    KEY_NOT_FOUND = "key_not_found"
    KEY_EXISTS = "key_exists"
    ACCOUNT_EXISTS = "account_exists"
    WEBHOOK_NOT_FOUND = "webhook_not_found"
    NOTICE_NOT_FOUND = "notice_not_found"
    RFQ_NOT_FOUND = "rfq_not_found"
    QUOTE_NOT_FOUND = "quote_not_found"
    OWN_RFQ = "own_rfq"
    DUPLICATE_CLIENT_ORDER_ID = "duplicate_client_order_id"
    DUPLICATE_REQUEST = "duplicate_request"
    # Whether it is allowed now
    MARKET_NOT_OPEN = "market_not_open"
    MARKET_PAUSED = "market_paused"
    MARKET_CLOSED = "market_closed"
    TRADING_HALTED = "trading_halted"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (a code)
    MARKET_VERSION_CHANGED = "market_version_changed"
    TOO_LATE = "too_late"
    TRANSITION_NOT_ALLOWED = "transition_not_allowed"
    GROUP_RESOLVES_ITS_MARKETS = "group_resolves_its_markets"
    CONDITION_PENDING = "condition_pending"
    CONDITION_CYCLE = "condition_cycle"
    CONDITION_NOT_ALLOWED = "condition_not_allowed"
    ORDER_GROUP_TRIGGERED = "order_group_triggered"
    RFQ_CLOSED = "rfq_closed"
    QUOTE_NOT_OPEN = "quote_not_open"
    QUOTE_NOT_EXECUTED = "quote_not_executed"
    # The rules of trading
    PRICE_OFF_TICK = "price_off_tick"
    PRICE_OUT_OF_RANGE = "price_out_of_range"
    QUANTITY_OFF_STEP = "quantity_off_step"
    VOLUME_LIMIT = "volume_limit"
    POSITION_LIMIT = "position_limit"
    INSUFFICIENT_SHARES = "insufficient_shares"
    REDUCE_ONLY = "reduce_only"
    TOO_MANY_OPEN_ORDERS = "too_many_open_orders"
    TOO_MANY_STOPS = "too_many_stops"
    TOO_MANY_ORDER_GROUPS = "too_many_order_groups"
    TOO_MANY_KEYS = "too_many_keys"
    TOO_MANY_WEBHOOKS = "too_many_webhooks"
    TOO_MANY_RFQS = "too_many_rfqs"
    TOO_MANY_QUOTES = "too_many_quotes"
    ORDER_GROUP_TOO_WIDE = "order_group_too_wide"
    DEPOSIT_LIMIT = "deposit_limit"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    RESERVATION_TOO_SMALL = "reservation_too_small"
    POST_ONLY_WOULD_CROSS = "post_only_would_cross"
    FILL_OR_KILL = "fill_or_kill"
    NO_LIQUIDITY = "no_liquidity"
    MAX_COST_EXCEEDED = "max_cost_exceeded"
    PRICE_BEYOND_BOOK = "price_beyond_book"

    @property
    def transient(self) -> bool:
        """Whether the same command may succeed later without being changed."""
        return self in _TRANSIENT


_PRECEDENCE = {reason: number for number, reason in enumerate(Reason)}

_TRANSIENT = frozenset(
    {
        Reason.MARKET_NOT_OPEN,
        Reason.MARKET_PAUSED,
        Reason.TRADING_HALTED,
        Reason.CONDITION_PENDING,
        Reason.ORDER_GROUP_TRIGGERED,
        Reason.POSITION_LIMIT,
        Reason.INSUFFICIENT_SHARES,
        Reason.TOO_MANY_OPEN_ORDERS,
        Reason.TOO_MANY_STOPS,
        Reason.TOO_MANY_ORDER_GROUPS,
        Reason.TOO_MANY_KEYS,
        Reason.TOO_MANY_WEBHOOKS,
        Reason.TOO_MANY_RFQS,
        Reason.TOO_MANY_QUOTES,
        Reason.ORDER_GROUP_TOO_WIDE,
        Reason.REDUCE_ONLY,
        Reason.INSUFFICIENT_FUNDS,
        Reason.RESERVATION_TOO_SMALL,
        Reason.POST_ONLY_WOULD_CROSS,
        Reason.FILL_OR_KILL,
        Reason.NO_LIQUIDITY,
        Reason.MAX_COST_EXCEEDED,
        Reason.PRICE_BEYOND_BOOK,
    }
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: a stable reason, and a sentence that says what to do about it."""

    reason: Reason
    message: str


def earliest(*refusals: Rejected | None) -> Rejected | None:
    """Return the refusal to be told of several, made in different places: the first by precedence."""
    there = [refusal for refusal in refusals if refusal is not None]
    return min(there, key=lambda refusal: _PRECEDENCE[refusal.reason]) if there else None
