"""Requests for quotes and quotes as they are told: of whom they are, only the account itself is told."""

from typing_extensions import TypedDict

from adapters.http.answers.display import (
    contracts,
    money_dollars,
    price_cents,
    price_dollars,
    timestamp,
    timestamp_or_none,
    whole_contracts,
)
from domain.identifiers import AccountId
from domain.quotes.state import Quote, QuoteRequest

_MONEY_PER_CENTI_CENT = 100


class RequestForQuotes(TypedDict):
    """A request for quotes. ``creator_user_id`` is told to its creator only."""

    id: str
    creator_id: str
    market_ticker: str
    contracts: int
    contracts_fp: str
    target_cost_centi_cents: int | None
    target_cost_dollars: str | None
    status: str
    created_ts: str
    updated_ts: str
    expiration_time: str
    rest_remainder: bool
    cancellation_reason: str | None
    cancelled_ts: str | None
    creator_user_id: str | None


class GivenQuote(TypedDict):
    """A quote. Accounts and orders are told to those whose they are.

    ``accepted_outcome`` is the side whose bid was taken, and ``confirm_by_ts`` until when its maker may
    confirm it.
    """

    id: str
    rfq_id: str
    creator_id: str
    rfq_creator_id: str
    market_ticker: str
    contracts: int
    contracts_fp: str
    yes_bid: int
    no_bid: int
    yes_bid_dollars: str
    no_bid_dollars: str
    created_ts: str
    updated_ts: str
    expiration_time: str
    status: str
    accepted_outcome: str | None
    accepted_ts: str | None
    confirm_by_ts: str | None
    confirmed_ts: str | None
    executed_ts: str | None
    cancelled_ts: str | None
    rest_remainder: bool
    cancellation_reason: str | None
    creator_user_id: str | None
    rfq_creator_user_id: str | None
    rfq_target_cost_centi_cents: int | None
    rfq_creator_order_id: str | None
    creator_order_id: str | None
    trade_id: str | None


class RequestAnswer(TypedDict):
    """One request for quotes."""

    rfq: RequestForQuotes


class RequestsAnswer(TypedDict):
    """A page of requests for quotes."""

    rfqs: list[RequestForQuotes]
    cursor: str


class QuoteAnswer(TypedDict):
    """One quote."""

    quote: GivenQuote


class QuotesAnswer(TypedDict):
    """A page of quotes."""

    quotes: list[GivenQuote]
    cursor: str


class CreatedAnswer(TypedDict):
    """The id of what was created."""

    id: str


class CommunicationsIdAnswer(TypedDict):
    """The name under which others see what the account asks for and quotes."""

    communications_id: str


def _centi_cents(amount: int) -> int | None:
    return amount // _MONEY_PER_CENTI_CENT if amount else None


def request_answer(request: QuoteRequest, account_id: AccountId) -> RequestForQuotes:
    """Return a request as an account is told of it."""
    asked = request.requested
    return RequestForQuotes(
        id=request.rfq_id,
        creator_id=asked.creator_id,
        market_ticker=request.ticker,
        contracts=whole_contracts(asked.quantity),
        contracts_fp=contracts(asked.quantity),
        target_cost_centi_cents=_centi_cents(asked.target_cost),
        target_cost_dollars=money_dollars(asked.target_cost) if asked.target_cost else None,
        status="open" if request.open else "closed",
        created_ts=timestamp(asked.at_us),
        updated_ts=timestamp(request.updated_us),
        expiration_time=timestamp(asked.expires_at_us),
        rest_remainder=asked.rest_remainder,
        cancellation_reason=request.ending,
        cancelled_ts=timestamp_or_none(request.ended_us),
        creator_user_id=account_id if account_id == request.account_id else None,
    )


def quote_answer(request: QuoteRequest, quote: Quote, account_id: AccountId) -> GivenQuote:
    """Return a quote as one of the two accounts is told of it."""
    given, asked = quote.given, request.requested
    quantity = quote.quantity or asked.quantity
    makes, asks = account_id == quote.account_id, account_id == request.account_id
    return GivenQuote(
        id=quote.quote_id,
        rfq_id=request.rfq_id,
        creator_id=given.creator_id,
        rfq_creator_id=asked.creator_id,
        market_ticker=request.ticker,
        contracts=whole_contracts(quantity),
        contracts_fp=contracts(quantity),
        yes_bid=price_cents(given.yes_bid_ticks),
        no_bid=price_cents(given.no_bid_ticks),
        yes_bid_dollars=price_dollars(given.yes_bid_ticks),
        no_bid_dollars=price_dollars(given.no_bid_ticks),
        created_ts=timestamp(given.at_us),
        updated_ts=timestamp(quote.updated_us),
        expiration_time=timestamp(given.expires_at_us),
        status=quote.status,
        accepted_outcome=quote.side,
        accepted_ts=timestamp_or_none(quote.accepted_us),
        confirm_by_ts=timestamp_or_none(quote.confirm_by_us or None),
        confirmed_ts=timestamp_or_none(quote.confirmed_us),
        executed_ts=timestamp_or_none(quote.executed_us),
        cancelled_ts=timestamp_or_none(quote.ended_us),
        rest_remainder=given.rest_remainder,
        cancellation_reason=quote.explanation or quote.ending,
        creator_user_id=account_id if makes else None,
        rfq_creator_user_id=account_id if asks else None,
        rfq_target_cost_centi_cents=_centi_cents(asked.target_cost),
        rfq_creator_order_id=quote.taker.order_id if asks and quote.taker else None,
        creator_order_id=quote.maker.order_id if makes and quote.maker else None,
        trade_id=quote.trade_id,
    )
