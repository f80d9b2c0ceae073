"""A client of the exchange for bots: orders, money, books, the live feed; exact, whatever is interrupted."""

from presage.client.amounts import Amount
from presage.client.answers import Balance, Fill, Market, Order, Position, Trade
from presage.client.book import BookMirror
from presage.client.errors import ExchangeError, OutcomeUnknown, Refused, Unavailable
from presage.client.exchange import Exchange, read_key
from presage.client.feed import Connected, Feed, Told
from presage.signing import Signer

__all__ = [
    "Amount",
    "Balance",
    "BookMirror",
    "Connected",
    "Exchange",
    "ExchangeError",
    "Feed",
    "Fill",
    "Market",
    "Order",
    "OutcomeUnknown",
    "Position",
    "Refused",
    "Signer",
    "Told",
    "Trade",
    "Unavailable",
    "read_key",
]
