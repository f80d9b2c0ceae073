"""How much one account may have open. An operator sets it; it counts for decisions from then on."""

from domain.messages import Message


class AccountLimits(Message, frozen=True, kw_only=True):
    """What one account may have at most: orders and waiting stops in each market, order groups, keys.

    ``open_orders_in_all`` counts those of all markets together, and those on their way to one.
    """

    open_orders: int = 100_000
    open_orders_in_all: int = 200_000
    stops: int = 10_000
    order_groups: int = 1_000
    keys: int = 100


DEFAULT_LIMITS = AccountLimits()
"""An open order takes about 600 bytes of memory, so that an account can fill 60 MB in a market."""
