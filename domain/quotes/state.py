"""The state of a desk of requests, as its events left it."""

import heapq
from collections.abc import Iterator

from domain.identifiers import AccountId, Ticker, TradeId
from domain.market.events import CrossedOrder
from domain.market.vocabulary import Side
from domain.quotes.events import QuoteGiven, QuotesRequested
from domain.quotes.vocabulary import Ending, QuoteStatus

REMEMBERED_REQUESTS = 1_000
"""How many requests that are over a desk remembers, the latest; with ten times as many quotes at most."""

ENDED_QUOTES = 100
"""How many quotes that are over a request remembers, the latest."""

_BOUND = (QuoteStatus.ACCEPTED, QuoteStatus.CONFIRMED)


class Quote:
    """A maker's answer to a request."""

    def __init__(self, given: QuoteGiven) -> None:
        self.given = given
        self.quote_id = given.quote_id
        self.account_id = AccountId(given.account_id)
        self.status = QuoteStatus.OPEN
        self.side: Side | None = None
        self.quantity = 0
        self.confirm_by_us = 0
        self.accepted_us: int | None = None
        self.confirmed_us: int | None = None
        self.executed_us: int | None = None
        self.ended_us: int | None = None
        self.updated_us = given.at_us
        self.ending: Ending | None = None
        self.explanation = ""
        self.maker: CrossedOrder | None = None
        self.taker: CrossedOrder | None = None
        self.trade_id: TradeId | None = None

    @property
    def bound(self) -> bool:
        """Whether it was accepted, and its end is still open."""
        return self.status in _BOUND

    @property
    def over(self) -> bool:
        """Whether nothing becomes of it any more."""
        return self.status in (QuoteStatus.EXECUTED, QuoteStatus.CANCELED)

    @property
    def due_us(self) -> int | None:
        """When it lapses by itself, ``None`` if it does not."""
        match self.status:
            case QuoteStatus.OPEN:
                return self.given.expires_at_us
            case QuoteStatus.ACCEPTED:
                return self.confirm_by_us
            case _:
                return None


class QuoteRequest:
    """What an account asks for, and the answers."""

    def __init__(self, requested: QuotesRequested) -> None:
        self.requested = requested
        self.rfq_id = requested.rfq_id
        self.account_id = AccountId(requested.account_id)
        self.ticker = Ticker(requested.ticker)
        self.quotes: dict[str, Quote] = {}
        self.ending: Ending | None = None
        self.ended_us: int | None = None
        self.updated_us = requested.at_us

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.ending is None

    @property
    def bound(self) -> Quote | None:
        """The quote that was accepted and whose end is open, if there is one."""
        return next((quote for quote in self.quotes.values() if quote.bound), None)

    @property
    def being_executed(self) -> bool:
        """Whether one of its quotes was confirmed, and the trade is being carried out."""
        return any(quote.status is QuoteStatus.CONFIRMED for quote in self.quotes.values())

    @property
    def standing(self) -> Iterator[Quote]:
        """Yield the quotes that can be accepted."""
        return (quote for quote in self.quotes.values() if quote.status is QuoteStatus.OPEN)

    def quote_of(self, account_id: AccountId) -> Quote | None:
        """Return the account's quote that is not over."""
        return next(
            (each for each in self.quotes.values() if each.account_id == account_id and not each.over), None
        )


class QuotesState:
    """The requests of the accounts of one partition, with all quotes that others gave to them."""

    def __init__(self) -> None:
        self.communications: dict[AccountId, str] = {}
        self.requests: dict[str, QuoteRequest] = {}
        """Those that are open, and the latest of those that are over, by when they were over."""
        self.request_of: dict[str, str] = {}
        """By quote, the request it answers."""
        self.requests_of: dict[AccountId, dict[str, None]] = {}
        """By account, the requests it made that are known, the latest last."""
        self.quotes_of: dict[AccountId, dict[str, None]] = {}
        """By account, the quotes it gave that are known, the latest last."""
        self.open_requests: dict[AccountId, int] = {}
        self.standing_quotes: dict[AccountId, int] = {}
        """How many quotes of an account are not over."""
        self.ended: dict[str, None] = {}
        self.due: list[tuple[int, str, str]] = []
        """When something may have to be ended: the time, the request, and the quote if it is one."""
        self.revision = -1

    def quote(self, quote_id: str) -> Quote | None:
        """Return a quote, ``None`` if there is none or it is forgotten."""
        rfq_id = self.request_of.get(quote_id)
        return None if rfq_id is None else self.requests[rfq_id].quotes[quote_id]

    def quotes_seen_by(self, account_id: AccountId) -> Iterator[Quote]:
        """Yield the quotes that an account gave or was given."""
        for rfq_id in self.requests_of.get(account_id, ()):
            yield from self.requests[rfq_id].quotes.values()
        for quote_id in self.quotes_of.get(account_id, ()):
            yield self.requests[self.request_of[quote_id]].quotes[quote_id]

    def open_in(self, ticker: Ticker) -> Iterator[QuoteRequest]:
        """Yield the open requests in a market."""
        return (each for each in self.requests.values() if each.open and each.ticker == ticker)

    def to_end_in(self, ticker: Ticker) -> bool:
        """Return whether there are requests in a market that can be ended."""
        return any(not each.being_executed for each in self.open_in(ticker))

    def next_due(self) -> tuple[int, str, str] | None:
        """Return what lapses next, dropping what does not any more."""
        while self.due and not self._lapses(*self.due[0]):
            heapq.heappop(self.due)
        return self.due[0] if self.due else None

    def _lapses(self, at_us: int, rfq_id: str, quote_id: str) -> bool:
        request = self.requests.get(rfq_id)
        if request is None or not request.open:
            return False
        if quote_id:
            quote = request.quotes.get(quote_id)
            return quote is not None and quote.due_us == at_us
        # While a quote is accepted, the request waits for what becomes of it; then it is looked at again.
        return request.bound is None
