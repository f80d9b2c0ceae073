"""How streams are named, and which partition an account belongs to."""

from zlib import crc32

from application.ports.event_store import Filter
from domain.identifiers import AccountId, GroupId, Ticker

MARKET = "market-"
LEDGER = "ledger-"
GROUP = "group-"
IDENTITY = "identity-"
WEBHOOKS = "webhooks-"
QUOTES = "quotes-"
EXCHANGE = "exchange"
CLUSTER = "cluster"

EXCHANGE_PREFIXES = (EXCHANGE, MARKET, LEDGER, GROUP, IDENTITY, WEBHOOKS, QUOTES, CLUSTER)
"""The prefixes of all streams the exchange writes."""

EXCHANGE_EVENTS = Filter(stream_prefixes=EXCHANGE_PREFIXES)
"""Everything the exchange writes: whole streams."""


def prefix_of(stream: str) -> str:
    """Return what a stream's name begins with: it says what kind of stream it is."""
    return stream[: stream.find("-") + 1]


def market_stream(ticker: Ticker) -> str:
    """Return the stream of a market."""
    return MARKET + ticker


def group_stream(group_id: GroupId) -> str:
    """Return the stream of a group."""
    return GROUP + group_id


def ledger_stream(partition: int) -> str:
    """Return the stream of a ledger partition."""
    return f"{LEDGER}{partition:02d}"


def identity_stream(partition: int) -> str:
    """Return the stream of a partition of keys."""
    return f"{IDENTITY}{partition:02d}"


def webhooks_stream(partition: int) -> str:
    """Return the stream of a partition of webhooks."""
    return f"{WEBHOOKS}{partition:02d}"


def quotes_stream(partition: int) -> str:
    """Return the stream of the requests of a partition's accounts."""
    return f"{QUOTES}{partition:02d}"


def partition_of(account_id: AccountId, partitions: int) -> int:
    """Return the partition an account belongs to, the same for ever."""
    return crc32(account_id.encode()) % partitions
