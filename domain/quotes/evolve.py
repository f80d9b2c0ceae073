"""How each event changes a desk of requests. Nothing here refuses, and nothing here works out a rule."""

import heapq
from typing import assert_never

from domain.identifiers import AccountId, TradeId
from domain.quotes import events as e
from domain.quotes.state import (
    ENDED_QUOTES,
    REMEMBERED_REQUESTS,
    Quote,
    QuoteRequest,
    QuotesState,
)
from domain.quotes.vocabulary import Ending, QuoteStatus


def evolve(state: QuotesState, event: e.QuotesEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case e.AccountIntroduced():
            state.communications[event.account_id] = event.communications_id
        case e.QuotesRequested():
            request = state.requests[event.rfq_id] = QuoteRequest(event)
            state.requests_of.setdefault(request.account_id, {})[event.rfq_id] = None
            _count(state.open_requests, request.account_id, 1)
            heapq.heappush(state.due, (event.expires_at_us, event.rfq_id, ""))
        case e.RequestEnded():
            _request_ended(state, event)
        case e.QuoteGiven():
            quote = state.requests[event.rfq_id].quotes[event.quote_id] = Quote(event)
            state.request_of[event.quote_id] = event.rfq_id
            state.quotes_of.setdefault(quote.account_id, {})[event.quote_id] = None
            _count(state.standing_quotes, quote.account_id, 1)
            heapq.heappush(state.due, (event.expires_at_us, event.rfq_id, event.quote_id))
        case e.QuoteAccepted():
            _accepted(state, event)
        case e.QuoteConfirmed():
            quote = _quote(state, event)
            quote.status, quote.confirmed_us = QuoteStatus.CONFIRMED, event.at_us
            quote.maker, quote.taker = event.maker, event.taker
        case e.QuoteExecuted():
            quote = _over(state, event, QuoteStatus.EXECUTED)
            quote.executed_us, quote.trade_id = event.at_us, TradeId(event.trade_id)
        case e.QuoteEnded():
            quote = _over(state, event, QuoteStatus.CANCELED)
            quote.ended_us, quote.ending, quote.explanation = event.at_us, event.ending, event.explanation
            _tidy(state, state.requests[event.rfq_id])
        case _:
            assert_never(event)


def _quote(
    state: QuotesState, event: e.QuoteAccepted | e.QuoteConfirmed | e.QuoteExecuted | e.QuoteEnded
) -> Quote:
    quote = state.requests[event.rfq_id].quotes[event.quote_id]
    quote.updated_us = event.at_us
    return quote


def _count(counts: dict[AccountId, int], account_id: AccountId, by: int) -> None:
    left = counts.get(account_id, 0) + by
    if left:
        counts[account_id] = left
    else:
        del counts[account_id]


def _accepted(state: QuotesState, event: e.QuoteAccepted) -> None:
    quote = _quote(state, event)
    quote.status, quote.side, quote.quantity = QuoteStatus.ACCEPTED, event.side, event.quantity
    quote.accepted_us, quote.confirm_by_us = event.at_us, event.confirm_by_us
    heapq.heappush(state.due, (event.confirm_by_us, event.rfq_id, event.quote_id))


def _over(state: QuotesState, event: e.QuoteExecuted | e.QuoteEnded, status: QuoteStatus) -> Quote:
    quote, request = _quote(state, event), state.requests[event.rfq_id]
    waited, quote.status = quote.bound, status
    _count(state.standing_quotes, quote.account_id, -1)
    if waited and request.open:
        # Its time may have come while it waited for the quote.
        heapq.heappush(state.due, (request.requested.expires_at_us, event.rfq_id, ""))
    return quote


def _tidy(state: QuotesState, request: QuoteRequest) -> None:
    """Forget the first of the quotes that are over, where there are too many."""
    over = [quote_id for quote_id, each in request.quotes.items() if each.over]
    if len(over) > ENDED_QUOTES:
        _forget(state, request.quotes.pop(over[0]))


def _forget(state: QuotesState, quote: Quote) -> None:
    """Drop a quote from where it is looked for by its name and by its maker."""
    del state.request_of[quote.quote_id]
    _drop(state.quotes_of, quote.account_id, quote.quote_id)


def _drop(named: dict[AccountId, dict[str, None]], account_id: AccountId, name: str) -> None:
    del named[account_id][name]
    if not named[account_id]:
        del named[account_id]


def _request_ended(state: QuotesState, event: e.RequestEnded) -> None:
    request = state.requests[event.rfq_id]
    request.ending, request.ended_us, request.updated_us = event.ending, event.at_us, event.at_us
    _count(state.open_requests, request.account_id, -1)
    for quote in request.quotes.values():
        if not quote.over:
            quote.status, quote.ending = QuoteStatus.CANCELED, Ending.REQUEST_CLOSED
            quote.ended_us = quote.updated_us = event.at_us
            _count(state.standing_quotes, quote.account_id, -1)
    state.ended[event.rfq_id] = None
    while len(state.ended) > REMEMBERED_REQUESTS:
        oldest = next(iter(state.ended))
        del state.ended[oldest]
        forgotten = state.requests.pop(oldest)
        _drop(state.requests_of, forgotten.account_id, oldest)
        for quote in forgotten.quotes.values():
            _forget(state, quote)
