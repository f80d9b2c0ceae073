"""Decisions about requests and quotes."""

from collections.abc import Sequence
from itertools import islice
from typing import assert_never

from domain.identifiers import AccountId, OrderId
from domain.market.events import CrossedOrder
from domain.market.vocabulary import Action, Side
from domain.quantities import MAX_QUANTITY, PAYOUT_TICKS, Quantity, Ticks, complement
from domain.quotes import commands as c
from domain.quotes import events as e
from domain.quotes.state import Quote, QuoteRequest, QuotesState
from domain.quotes.vocabulary import Ending, QuoteStatus
from domain.rejections import Reason, Rejected

REQUEST_LIFE_US = 10 * 60 * 1_000_000
"""How long a request stands."""

QUOTE_LIFE_US = 5 * 60 * 1_000_000
"""How long a quote stands, if its request stands as long."""

CONFIRM_WITHIN_US = 30 * 1_000_000
"""How long the maker of a quote that was accepted may think it over."""

REQUESTS_MAX = 100
"""How many open requests an account may have."""

QUOTES_MAX = 100
"""How many quotes may stand for one request."""

QUOTES_OF_MAKER = 1_000
"""How many quotes of an account may stand for the requests of one partition's accounts."""

ENDED_AT_ONCE = 500
"""How many requests one command ends: bounds the size of an append."""

MAX_TARGET = 10**15
"""The most that a request may be for, a thousand million dollars."""

Decided = Sequence[e.QuotesEvent] | Rejected

_NO_REQUEST = Rejected(Reason.RFQ_NOT_FOUND, "there is no such request for quotes")
_NO_QUOTE = Rejected(Reason.QUOTE_NOT_FOUND, "there is no such quote")


def decide(command: c.QuotesCommand, state: QuotesState) -> Decided:
    """Return what a command causes, or why it is refused."""
    match command:
        case c.IntroduceAccount():
            return _introduce(command, state)
        case c.RequestQuotes():
            return _request(command, state)
        case c.WithdrawRequest():
            return _withdraw_request(command, state)
        case c.GiveQuote():
            return _give(command, state)
        case c.WithdrawQuote():
            return _withdraw_quote(command, state)
        case c.AcceptQuote():
            return _accept(command, state)
        case c.ConfirmQuote():
            return _confirm(command, state)
        case c.NoteExecution():
            return _executed(command, state)
        case c.FailExecution():
            return _failed(command, state)
        case c.EndRequests():
            return _end_requests(command, state)
        case c.Lapse():
            return _lapse(command, state)
        case _:
            assert_never(command)


def _introduce(command: c.IntroduceAccount, state: QuotesState) -> Decided:
    if command.account_id in state.communications:
        return []
    return [e.AccountIntroduced(account_id=command.account_id, communications_id=command.communications_id)]


def _request(command: c.RequestQuotes, state: QuotesState) -> Decided:
    if bool(command.quantity) is bool(command.target_cost):
        return Rejected(
            Reason.INVALID_QUANTITY, "a request is for a number of contracts or for a target cost"
        )
    if not (0 <= command.quantity <= MAX_QUANTITY and 0 <= command.target_cost <= MAX_TARGET):
        return Rejected(Reason.INVALID_QUANTITY, "that is more than a request may be for, or less")
    replaced = [
        each
        for each in (state.open_in(command.ticker) if command.replaces else ())
        if each.account_id == command.account_id and not each.being_executed
    ]
    if state.open_requests.get(command.account_id, 0) - len(replaced) >= REQUESTS_MAX:
        return Rejected(Reason.TOO_MANY_RFQS, f"an account has at most {REQUESTS_MAX} open requests; end one")
    ended = [_closed(each, Ending.REPLACED, command.now_us) for each in replaced]
    return [
        *ended,
        e.QuotesRequested(
            rfq_id=command.rfq_id,
            account_id=command.account_id,
            creator_id=command.creator_id,
            ticker=command.ticker,
            quantity=command.quantity,
            target_cost=command.target_cost,
            rest_remainder=command.rest_remainder,
            expires_at_us=command.now_us + REQUEST_LIFE_US,
            at_us=command.now_us,
        ),
    ]


def _closed(request: QuoteRequest, ending: Ending, now_us: int) -> e.RequestEnded:
    return e.RequestEnded(rfq_id=request.rfq_id, ending=ending, at_us=now_us)


def _gone(quote: Quote, ending: Ending, now_us: int, explanation: str = "") -> e.QuoteEnded:
    return e.QuoteEnded(
        quote_id=quote.quote_id,
        rfq_id=quote.given.rfq_id,
        ending=ending,
        explanation=explanation,
        at_us=now_us,
    )


def _withdraw_request(command: c.WithdrawRequest, state: QuotesState) -> Decided:
    request = state.requests.get(command.rfq_id)
    if request is None or request.account_id != command.account_id:
        return _NO_REQUEST
    if not request.open:
        return []
    if request.being_executed:
        return Rejected(Reason.QUOTE_NOT_OPEN, "its trade is being carried out")
    return [_closed(request, Ending.WITHDRAWN, command.now_us)]


def _give(command: c.GiveQuote, state: QuotesState) -> Decided:
    if refused := _impossible(command.yes_bid_ticks, command.no_bid_ticks):
        return refused
    request = state.requests.get(command.rfq_id)
    if request is None:
        return _NO_REQUEST
    if request.account_id == command.account_id:
        return Rejected(Reason.OWN_RFQ, "nobody quotes a request of their own")
    if not request.open:
        return Rejected(Reason.RFQ_CLOSED, "the request for quotes is over")
    former = request.quote_of(command.account_id)
    if former is not None and former.bound:
        return Rejected(Reason.QUOTE_NOT_OPEN, "your quote was accepted: confirm it or take it back")
    if former is None and (refused := _too_many(command.account_id, request, state)):
        return refused
    replaced = [] if former is None else [_gone(former, Ending.REPLACED, command.now_us)]
    return [
        *replaced,
        e.QuoteGiven(
            quote_id=command.quote_id,
            rfq_id=command.rfq_id,
            account_id=command.account_id,
            creator_id=command.creator_id,
            yes_bid_ticks=command.yes_bid_ticks,
            no_bid_ticks=command.no_bid_ticks,
            rest_remainder=command.rest_remainder,
            expires_at_us=min(command.now_us + QUOTE_LIFE_US, request.requested.expires_at_us),
            at_us=command.now_us,
        ),
    ]


def _impossible(yes: Ticks, no: Ticks) -> Rejected | None:
    if not (0 <= yes < PAYOUT_TICKS and 0 <= no < PAYOUT_TICKS and (yes or no)):
        return Rejected(
            Reason.INVALID_PRICE, "a quote bids for yes, for no or for both, between $0.0001 and $0.9999"
        )
    if yes + no > PAYOUT_TICKS:
        return Rejected(
            Reason.INVALID_PRICE, "a quote that bids more than a dollar for both gives money away"
        )
    return None


def _too_many(account_id: AccountId, request: QuoteRequest, state: QuotesState) -> Rejected | None:
    if sum(1 for _ in request.standing) >= QUOTES_MAX:
        return Rejected(Reason.TOO_MANY_QUOTES, f"at most {QUOTES_MAX} quotes stand for a request")
    if state.standing_quotes.get(account_id, 0) >= QUOTES_OF_MAKER:
        return Rejected(Reason.TOO_MANY_QUOTES, f"at most {QUOTES_OF_MAKER} quotes of an account may stand")
    return None


def _withdraw_quote(command: c.WithdrawQuote, state: QuotesState) -> Decided:
    quote = state.quote(command.quote_id)
    if quote is None or quote.account_id != command.account_id:
        return _NO_QUOTE
    match quote.status:
        case QuoteStatus.CANCELED:
            return []
        case QuoteStatus.CONFIRMED | QuoteStatus.EXECUTED:
            return Rejected(Reason.QUOTE_NOT_OPEN, "a quote that was confirmed cannot be taken back")
        case _:
            return [_gone(quote, Ending.WITHDRAWN, command.now_us)]


def _accept(command: c.AcceptQuote, state: QuotesState) -> Decided:
    quote = state.quote(command.quote_id)
    request = None if quote is None else state.requests[quote.given.rfq_id]
    if quote is None or request is None or request.account_id != command.account_id:
        return _NO_QUOTE
    if quote.status is not QuoteStatus.OPEN:
        if quote.side is command.side and quote.status is not QuoteStatus.CANCELED:
            return []  # it was accepted like this before
        return Rejected(Reason.QUOTE_NOT_OPEN, f"the quote is {quote.status}")
    if request.bound is not None:
        return Rejected(
            Reason.QUOTE_NOT_OPEN, "another quote was accepted, and its maker has yet to confirm it"
        )
    bid = bid_of(quote, command.side)
    if not bid:
        return Rejected(Reason.INVALID_PRICE, f"the quote does not bid for {command.side}")
    quantity = quantity_of(request, bid, command.step)
    if not 0 < quantity <= MAX_QUANTITY:
        return Rejected(Reason.INVALID_QUANTITY, "the target cost buys nothing at that price, or too much")
    return [
        e.QuoteAccepted(
            quote_id=quote.quote_id,
            rfq_id=request.rfq_id,
            side=command.side,
            quantity=quantity,
            confirm_by_us=command.now_us + CONFIRM_WITHIN_US,
            at_us=command.now_us,
        )
    ]


def bid_of(quote: Quote, side: Side) -> Ticks:
    """Return what a quote bids for an outcome, nothing if it does not."""
    return quote.given.yes_bid_ticks if side is Side.YES else quote.given.no_bid_ticks


def quantity_of(request: QuoteRequest, bid: Ticks, step: Quantity) -> Quantity:
    """Return how many contracts trade if a bid is taken.

    A target cost is what the asker pays at most for the outcome it comes to hold, fees apart.
    """
    if request.requested.quantity:
        return request.requested.quantity
    wanted = request.requested.target_cost // complement(bid)
    return Quantity(wanted // step * step)


def _confirm(command: c.ConfirmQuote, state: QuotesState) -> Decided:
    quote = state.quote(command.quote_id)
    if quote is None or quote.account_id != command.account_id:
        return _NO_QUOTE
    if quote.status in (QuoteStatus.CONFIRMED, QuoteStatus.EXECUTED):
        return []
    if quote.status is not QuoteStatus.ACCEPTED or quote.side is None:
        return Rejected(Reason.QUOTE_NOT_OPEN, f"the quote is {quote.status}: there is nothing to confirm")
    request, bid = state.requests[quote.given.rfq_id], bid_of(quote, quote.side)
    other = Side.NO if quote.side is Side.YES else Side.YES
    return [
        e.QuoteConfirmed(
            quote_id=quote.quote_id,
            rfq_id=request.rfq_id,
            ticker=request.ticker,
            price_ticks=bid if quote.side is Side.YES else complement(bid),
            quantity=Quantity(quote.quantity),
            maker=_order(quote, "m", quote.account_id, quote.side, command.maker_action),
            taker=_order(quote, "t", request.account_id, other, command.taker_action),
            at_us=command.now_us,
        )
    ]


def _order(quote: Quote, whose: str, account_id: AccountId, gains: Side, action: Action) -> CrossedOrder:
    """Return the order that an account trades with: it buys what it gains, or sells the other outcome."""
    gives_up = Side.NO if gains is Side.YES else Side.YES
    return CrossedOrder(
        order_id=OrderId(f"{quote.quote_id}-{whose}"),
        account_id=account_id,
        side=gains if action is Action.BUY else gives_up,
        action=action,
    )


def _executed(command: c.NoteExecution, state: QuotesState) -> Decided:
    quote = state.quote(command.quote_id)
    if quote is None or quote.status is not QuoteStatus.CONFIRMED:
        return []
    request, now_us = state.requests[quote.given.rfq_id], command.now_us
    return [
        e.QuoteExecuted(
            quote_id=quote.quote_id, rfq_id=request.rfq_id, trade_id=command.trade_id, at_us=now_us
        ),
        _closed(request, Ending.EXECUTED, now_us),
    ]


def _failed(command: c.FailExecution, state: QuotesState) -> Decided:
    quote = state.quote(command.quote_id)
    if quote is None or quote.status is not QuoteStatus.CONFIRMED:
        return []
    request, now_us = state.requests[quote.given.rfq_id], command.now_us
    failed = _gone(quote, Ending.EXECUTION_FAILED, now_us, command.explanation)
    return [failed, _closed(request, Ending.MARKET_NOT_TRADING, now_us)] if command.closes else [failed]


def _end_requests(command: c.EndRequests, state: QuotesState) -> Decided:
    over = (request for request in state.open_in(command.ticker) if not request.being_executed)
    return [
        _closed(request, Ending.MARKET_NOT_TRADING, command.now_us) for request in islice(over, ENDED_AT_ONCE)
    ]


def _lapse(command: c.Lapse, state: QuotesState) -> Decided:
    request = state.requests[command.rfq_id]
    if not command.quote_id:
        return [_closed(request, Ending.EXPIRED, command.now_us)]
    quote = request.quotes[command.quote_id]
    late = Ending.NOT_CONFIRMED if quote.status is QuoteStatus.ACCEPTED else Ending.EXPIRED
    return [_gone(quote, late, command.now_us)]


def react(state: QuotesState, now_us: int) -> c.QuotesCommand | None:
    """Return what the desk has to do by itself now, one thing at a time."""
    due = state.next_due() if state.due else None
    if due is None or due[0] > now_us:
        return None
    return c.Lapse(rfq_id=due[1], quote_id=due[2], now_us=now_us)
