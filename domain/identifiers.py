"""Names of things. All are text on the outside; the types keep them from being mixed up."""

from typing import Annotated, NewType

from msgspec import Meta

_PRINTABLE = r"^[!-~]{1,128}(?!\n)$"
"""Visible ASCII characters, no spaces."""

_TICKER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?!\n)$"

AccountId = NewType("AccountId", Annotated[str, Meta(pattern=_PRINTABLE, description="an account")])
"""Whose money and shares it is."""

OrderId = NewType("OrderId", Annotated[str, Meta(pattern=_PRINTABLE, description="an order")])
"""An order, unique in the exchange. Derived from account and client id where the client gave one."""

Ticker = NewType("Ticker", Annotated[str, Meta(pattern=_TICKER, description="a market")])
"""A market, for example ``FED-26DEC-CUT``."""

GroupId = NewType("GroupId", Annotated[str, Meta(pattern=_TICKER, description="a group of markets")])
"""A group of mutually exclusive markets (the public interface calls it an event)."""

TradeId = NewType("TradeId", Annotated[str, Meta(pattern=_PRINTABLE, description="a trade")])
"""A meeting of two orders: the maker's and the taker's fill carry the same one."""
