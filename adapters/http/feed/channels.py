"""What can be subscribed to, and the codes of what can be wrong with a command."""

from enum import IntEnum, StrEnum

from domain.identity.aggregate import Scope


class Channel(StrEnum):
    """What is told of what. The last two are this exchange's own."""

    BOOK = "orderbook_delta"
    TICKER = "ticker"
    TRADE = "trade"
    LIFECYCLE = "market_lifecycle_v2"
    FILL = "fill"
    ORDERS = "user_orders"
    POSITIONS = "market_positions"
    ORDER_GROUPS = "order_group_updates"
    HEARTBEAT = "heartbeat"
    ADMIN = "admin"


PRIVATE = frozenset({Channel.FILL, Channel.ORDERS, Channel.POSITIONS, Channel.ORDER_GROUPS})
"""What is told only to the account that it is about."""

SCOPES: dict[Channel, Scope] = {**dict.fromkeys(PRIVATE, Scope.READ), Channel.ADMIN: Scope.ADMIN}
"""What whoever subscribes must be allowed to do; everybody may see the other channels."""

REPLAYED = frozenset({Channel.BOOK, Channel.TICKER, Channel.TRADE, Channel.LIFECYCLE})
"""What can be told from any past point of a market on."""

CONFLATED = frozenset({Channel.BOOK, Channel.TICKER})
"""What can be told less often: only how things stand after a while."""

ONE_BY_ONE = frozenset({Channel.BOOK})
"""For which the markets have to be named."""


class FeedCode(IntEnum):
    """What is wrong with a command: Kalshi's numbers, and from 101 on our own."""

    UNREADABLE = 1
    PARAMS_REQUIRED = 2
    CHANNELS_REQUIRED = 3
    SIDS_REQUIRED = 4
    UNKNOWN_COMMAND = 5
    ALREADY_SUBSCRIBED = 6
    UNKNOWN_SID = 7
    UNKNOWN_CHANNEL = 8
    AUTHENTICATION_REQUIRED = 9
    CHANNEL_ERROR = 10
    INVALID_PARAMETER = 11
    ONE_SID_REQUIRED = 12
    UNSUPPORTED_ACTION = 13
    MARKET_TICKER_REQUIRED = 14
    ACTION_REQUIRED = 15
    MARKET_NOT_FOUND = 16
    INTERNAL_ERROR = 17
    TOO_SLOW = 25
    TOO_MANY_MARKETS = 26
    TOO_MANY_REQUESTS = 27
    REVISION_IN_THE_FUTURE = 101
    MESSAGE_TOO_LARGE = 102
    TOO_MANY_SUBSCRIPTIONS = 103
    SCOPE_MISSING = 104


class Refused(Exception):
    """A command that is answered with an error; the socket stays open."""

    def __init__(self, code: FeedCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
