"""What a field of an event may hold: type, limits, unit and meaning, each stated once.

Events are read and written by these rules, their JSON Schema and the reference of events print them, and the
requests of the public interface take their limits from here. Everything is strict: a number is never made
from text or from a fraction, and true is not a number. A number always has a unit.
"""

from typing import Annotated

from msgspec import Meta

from domain.quantities import MAX_QUANTITY, PAYOUT_TICKS, Money, Quantity, Ticks

LARGEST = 2**63 - 1
"""The largest number that stores and clients can be expected to hold."""

TICKS = "ticks of $0.0001"
CONTRACTS = "hundredths of a contract"
MONEY = "millionths of a dollar"
TIME = "microseconds since the Unix epoch, UTC"

PRINTABLE = r"^[!-~]{1,128}(?!\n)$"
"""Visible ASCII characters, no spaces."""


def _number(meaning: str, unit: str, low: int, high: int | None = LARGEST) -> Meta:
    return Meta(ge=low, le=high, description=meaning, extra_json_schema={"unit": unit})


def _text(meaning: str, longest: int, shortest: int | None = None) -> Meta:
    return Meta(min_length=shortest, max_length=longest, description=meaning)


def _name(meaning: str, pattern: str = PRINTABLE) -> Meta:
    return Meta(pattern=pattern, description=meaning)


def _flag(meaning: str) -> Meta:
    return Meta(description=meaning)


def _delta(meaning: str) -> Meta:
    return _number(f"{meaning}; below zero: taken away", MONEY, -LARGEST)


# ------------------------------------------------------------------------------------------- prices

Price = Annotated[Ticks, _number("a price", TICKS, 1, PAYOUT_TICKS - 1)]
TickSize = Annotated[Ticks, _number("prices are multiples of this", TICKS, 1, PAYOUT_TICKS)]
Bid = Annotated[Ticks, _number("what is bid for an outcome, 0 for no bid", TICKS, 0, PAYOUT_TICKS - 1)]
VoidPrice = Annotated[Ticks, _number("what a yes share pays", TICKS, 0, PAYOUT_TICKS)]

# --------------------------------------------------------------------------------------- quantities

Contracts = Annotated[Quantity, _number("a number of contracts", CONTRACTS, 0)]
Traded = Annotated[Quantity, _number("a number of contracts", CONTRACTS, 1)]
OrderSize = Annotated[Quantity, _number("a number of contracts", CONTRACTS, 1, MAX_QUANTITY)]
SmallestOrder = Annotated[Quantity, _number("the smallest order", CONTRACTS, 1)]
OrderStep = Annotated[Quantity, _number("orders are multiples of this", CONTRACTS, 1)]
GroupLimit = Annotated[Quantity, _number("after how many contracts the group is taken off", CONTRACTS, 1)]

Allowance = Annotated[
    Quantity, _number("how much of the group may fill in the market in this round", CONTRACTS, 0)
]

# -------------------------------------------------------------------------------------------- money

Amount = Annotated[Money, _number("an amount of money", MONEY, 0)]
Transferred = Annotated[Money, _number("an amount of money", MONEY, 1)]
Refund = Annotated[Money, _delta("what the account gets back")]
CashDelta = Annotated[Money, _delta("added to cash")]
ReservedDelta = Annotated[Money, _delta("added to the order's reservation")]
LockedDelta = Annotated[Money, _delta("added to the locked proceeds")]

# --------------------------------------------------------------------------------------------- fees

Grain = Annotated[Money, _number("an order's fees are rounded up to this", MONEY, 1)]
QuadraticBps = Annotated[int, _number("times p x (1 - p) per contract", "basis points", 0, 10_000)]
FlatTicks = Annotated[int, _number("per contract", TICKS, 0, PAYOUT_TICKS)]
FeeAccrued = Annotated[int, _number("the order's exact fee so far", f"{MONEY} / 10^8", 0, None)]
"""Exact fees of large orders need more than 64 bits."""

# -------------------------------------------------------------------------------- times and counters

CloseTime = Annotated[int, _number("when trading ends by itself", TIME, 0)]
SetTime = Annotated[int, _number("orders placed from then on are told there", TIME, 0)]
ExpiryTime = Annotated[int, _number("when the order ends by itself", TIME, 0)]
Moment = Annotated[int, _number("a moment", TIME, 0)]
MarketRevision = Annotated[
    int, _number("the market's event that is booked", "revision of the market's stream", 0)
]
RulesVersion = Annotated[int, _number("the rules that stand, counted from 1", "version of the rules text", 1)]
Tries = Annotated[int, _number("how often it was sent in vain", "requests", 0)]
GroupRound = Annotated[int, _number("counts how often the order group was reset", "rounds", 0)]
GroupVersion = Annotated[
    int, _number("counts what was done to the order group", "version of the order group", 0)
]
ClosedAt = Annotated[
    int,
    _number("when the group was last triggered or deleted, 0 if never", "version of the order group", 0),
]
Partitions = Annotated[int, _number("into how many ledgers the accounts are spread", "ledgers", 1, 100)]

# -------------------------------------------------------------------------------------------- names

OrderGroupId = Annotated[str, _name("an order group of the account")]
AmendmentId = Annotated[str, _name("an amendment of an order")]
RequestId = Annotated[str, _name("a request for quotes")]
QuoteId = Annotated[str, _name("a quote for such a request")]
CommunicationsId = Annotated[str, _name("an account as others see it where quotes are asked for and given")]
KeyId = Annotated[str, _name("a key")]
NoticeId = Annotated[str, _name("a notice; the same however often it is sent")]
WebhookName = Annotated[
    str, _name("the account's name for a webhook", r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?!\n)$")
]
WebhookUrl = Annotated[str, _name("where notices are sent", r"^https?://[!-~]{1,1000}(?!\n)$")]
EngineName = Annotated[str, _name("an engine", r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?!\n)$")]
RequestDigest = Annotated[str, _name("a hash of what was asked")]
ClientOrderId = Annotated[
    str, _name("the client's own name for the order; may be empty", r"^[A-Za-z0-9_:+=/-]{0,64}(?!\n)$")
]

# -------------------------------------------------------------------------------------------- texts

Title = Annotated[str, _text("what people read", 2_000)]
RulesText = Annotated[str, _text("how the market is resolved", 100_000)]
Category = Annotated[str, _text("for finding markets", 200)]
Series = Annotated[str, _text("the series the group belongs to", 200)]
Explanation = Annotated[str, _text("why, for people", 2_000)]
Evidence = Annotated[str, _text("where the result was found", 10_000)]
Reference = Annotated[str, _text("the caller's name for the transfer; each counts once", 200, 1)]
KeyName = Annotated[str, _text("what people call the key", 200)]
PasswordHash = Annotated[
    str, Meta(pattern=r"^\$[!-~]{1,255}(?!\n)$", description="the password's hash, with how it was made")
]
PublicKeyPem = Annotated[str, _text("the key, in PEM", 20_000, 1)]

# -------------------------------------------------------------------------------------------- flags

PostOnly = Annotated[bool, _flag("the order is refused rather than trade at once")]
ReduceOnly = Annotated[bool, _flag("the order only brings the position closer to nothing")]
CancelOnPause = Annotated[bool, _flag("the order goes when the market is paused")]
RestRemainder = Annotated[
    bool, _flag("kept as it was said; what is agreed trades whole, so that nothing remains")
]
FeesReturned = Annotated[bool, _flag("the holder gets the fees back")]
EngineLost = Annotated[bool, _flag("others found that it is lost: it has not handed over itself")]
Strict = Annotated[bool, _flag("the query and the body must be signed too")]
