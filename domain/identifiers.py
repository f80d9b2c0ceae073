"""Names of things. All are text on the outside; the types keep them from being mixed up."""

from typing import NewType

AccountId = NewType("AccountId", str)
"""Whose money and shares it is."""

OrderId = NewType("OrderId", str)
"""An order, unique in the exchange. Derived from account and client id where the client gave one."""

Ticker = NewType("Ticker", str)
"""A market, for example ``FED-26DEC-CUT``."""

GroupId = NewType("GroupId", str)
"""A group of mutually exclusive markets (the public interface calls it an event)."""

TradeId = NewType("TradeId", str)
"""A meeting of two orders: the maker's and the taker's fill carry the same one."""
