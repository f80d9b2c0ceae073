"""What can have happened on a desk of requests.

``price_ticks`` of a trade is in yes terms; bids are prices of their own outcome.
"""

from domain.fields import (
    Amount,
    Bid,
    CommunicationsId,
    Contracts,
    Explanation,
    Moment,
    OrderSize,
    Price,
    QuoteId,
    RequestId,
    RestRemainder,
)
from domain.identifiers import AccountId, Ticker, TradeId
from domain.market.events import CrossedOrder
from domain.market.vocabulary import Side
from domain.messages import Message
from domain.quotes.vocabulary import Ending


class AccountIntroduced(Message, frozen=True, kw_only=True):
    """An account got the name under which others see its requests and quotes."""

    account_id: AccountId
    communications_id: CommunicationsId


class QuotesRequested(Message, frozen=True, kw_only=True):
    """An account asked for prices: for ``quantity`` contracts, or for what ``target_cost`` buys."""

    rfq_id: RequestId
    account_id: AccountId
    creator_id: CommunicationsId
    ticker: Ticker
    quantity: Contracts
    target_cost: Amount
    rest_remainder: RestRemainder
    expires_at_us: Moment
    at_us: Moment


class RequestEnded(Message, frozen=True, kw_only=True):
    """A request is over, and with it the quotes that stood for it or were not confirmed."""

    rfq_id: RequestId
    ending: Ending
    at_us: Moment


class QuoteGiven(Message, frozen=True, kw_only=True):
    """A maker answered a request."""

    quote_id: QuoteId
    rfq_id: RequestId
    account_id: AccountId
    creator_id: CommunicationsId
    yes_bid_ticks: Bid
    no_bid_ticks: Bid
    rest_remainder: RestRemainder
    expires_at_us: Moment
    at_us: Moment


class QuoteAccepted(Message, frozen=True, kw_only=True):
    """The asker took the quote's bid for ``side``; the maker has until ``confirm_by_us`` to stand by it."""

    quote_id: QuoteId
    rfq_id: RequestId
    side: Side
    quantity: OrderSize
    confirm_by_us: Moment
    at_us: Moment


class QuoteConfirmed(Message, frozen=True, kw_only=True):
    """The maker stands by the quote: the trade is carried out between these two orders."""

    quote_id: QuoteId
    rfq_id: RequestId
    ticker: Ticker
    price_ticks: Price
    quantity: OrderSize
    maker: CrossedOrder
    taker: CrossedOrder
    at_us: Moment


class QuoteExecuted(Message, frozen=True, kw_only=True):
    """The market has carried out the trade."""

    quote_id: QuoteId
    rfq_id: RequestId
    trade_id: TradeId
    at_us: Moment


class QuoteEnded(Message, frozen=True, kw_only=True):
    """A quote is over and nothing came of it. ``explanation`` says why a trade could not be carried out."""

    quote_id: QuoteId
    rfq_id: RequestId
    ending: Ending
    explanation: Explanation
    at_us: Moment


QuotesEvent = (
    AccountIntroduced
    | QuotesRequested
    | RequestEnded
    | QuoteGiven
    | QuoteAccepted
    | QuoteConfirmed
    | QuoteExecuted
    | QuoteEnded
)
