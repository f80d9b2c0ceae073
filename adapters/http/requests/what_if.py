"""Asking what would have been: where a market is forked, and what is different from there on."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from adapters.http.answers.problems import Code, Problem
from adapters.http.requests import orders as r
from adapters.http.requests.exact import PriceDollars, Seconds, Whole
from adapters.http.requests.fields import AccountField, Limit, OrderIdField, RequestBody, RequestQuery, Word
from adapters.http.requests.past import Moment
from application.past import Past
from application.requests import OrderRequest
from application.whatif.fork import Insertion
from application.whatif.what_if import Question
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.vocabulary import Action, OrderType, SelfTradePrevention, Side, TimeInForce
from domain.quantities import CENT, Money
from domain.rejections import Reason

CHANGES_MAX = 200
"""The most orders that are put in, or left out."""


class WhatIfQuery(RequestQuery):
    """How many trades, prices and accounts are told at most."""

    limit: Limit = 100


class OrderInserted(r.Priced, r.Counted):
    """An order that was never sent. It comes right after an event, of itself after that of the fork."""

    side: Word[Side]
    action: Word[Action]
    type: Word[OrderType] = OrderType.LIMIT
    stop_price: Whole | None = Field(default=None, description="In cents, in terms of the order's side.")
    stop_price_dollars: PriceDollars | None = None
    time_in_force: Word[TimeInForce | None] = None
    expiration_ts: Seconds | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    self_trade_prevention_type: Word[SelfTradePrevention | None] = None
    cancel_order_on_pause: bool | None = None
    buy_max_cost: Whole | None = Field(default=None, description="In cents; the order fills whole or not.")
    after_revision: Whole | None = None


class AnybodysOrder(OrderInserted):
    """The same, of any account."""

    account_id: AccountField


class ForkBody(RequestBody):
    """Where a market is forked, how far its flow goes on, and which recorded orders are left out."""

    as_of_ts: Moment | None = None
    as_of_revision: Whole | None = None
    until_revision: Whole | None = None
    remove: list[OrderIdField] = Field(default_factory=list, max_length=CHANGES_MAX, fail_fast=True)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.as_of_ts is None) == (self.as_of_revision is None):
            raise ValueError("say either as_of_revision or as_of_ts")
        return self


class WhatIfBody(ForkBody):
    """What is different for the account that asks."""

    insert: list[OrderInserted] = Field(default_factory=list, max_length=CHANGES_MAX, fail_fast=True)


class AdminWhatIfBody(ForkBody):
    """What is different, for anybody."""

    insert: list[AnybodysOrder] = Field(default_factory=list, max_length=CHANGES_MAX, fail_fast=True)


def _request(order: OrderInserted, ticker: Ticker, account_id: AccountId) -> OrderRequest:
    """Return what an order would have asked of the exchange."""
    return OrderRequest(
        account_id=account_id,
        ticker=ticker,
        side=order.side,
        action=order.action,
        quantity=r.required(r.quantity(order.count, order.count_fp, "count"), "count"),
        price_ticks=r.price_of(order, order.side),
        order_type=order.type,
        time_in_force=r.time_in_force(order.time_in_force, order.expiration_ts),
        expires_at_us=None if order.expiration_ts is None else order.expiration_ts * 1_000_000,
        stop_price_ticks=r.agreed("stop_price", (r.cents(order.stop_price), order.stop_price_dollars)),
        post_only=bool(order.post_only),
        reduce_only=bool(order.reduce_only),
        self_trade_prevention=order.self_trade_prevention_type or SelfTradePrevention.TAKER_AT_CROSS,
        cancel_on_pause=bool(order.cancel_order_on_pause),
        buy_max_cost=None if order.buy_max_cost is None else Money(order.buy_max_cost * CENT),
    )


def _inserted_by(
    body: WhatIfBody | AdminWhatIfBody, asker: AccountId
) -> Sequence[tuple[OrderInserted, AccountId]]:
    """Return the orders that are put in, and whose they are."""
    if isinstance(body, WhatIfBody):
        return [(order, asker) for order in body.insert]
    return [(order, order.account_id) for order in body.insert]


async def asked_for(
    past: Past,
    ticker: Ticker,
    body: WhatIfBody | AdminWhatIfBody,
    *,
    caller: AccountId,
    asker: AccountId | None,
) -> Question:
    """Return what a body asks of a market. Raises :class:`Problem`."""
    revision = await _revision(past, ticker, body)
    inserted = [
        Insertion(
            order_id=OrderId(f"what-if-{number}"),
            request=_request(order, ticker, account_id),
            after_revision=revision if order.after_revision is None else order.after_revision,
        )
        for number, (order, account_id) in enumerate(_inserted_by(body, caller), 1)
    ]
    for each in inserted:
        if each.after_revision < revision:
            raise Problem(
                Code.INVALID_FIELD,
                "the body is not acceptable",
                details=f"insert: after_revision {each.after_revision} lies before the fork at {revision}",
            )
    return Question(
        ticker=ticker,
        revision=revision,
        until=body.until_revision,
        inserted=inserted,
        removed=frozenset(body.remove),
        asker=asker,
    )


async def _revision(past: Past, ticker: Ticker, body: WhatIfBody | AdminWhatIfBody) -> int:
    """Return the event at which the market is forked."""
    last = await past.last_revision(ticker)
    if last < 0:
        raise Problem(Reason.MARKET_NOT_FOUND, f"there is no market {ticker}")
    if body.as_of_revision is not None:
        revision = body.as_of_revision
    else:
        assert body.as_of_ts is not None
        revision = await past.revision_at(ticker, body.as_of_ts)
    if not 0 <= revision <= last:
        raise Problem(
            Code.NOT_FOUND,
            f"market {ticker} has events 0 to {last}: there is none to fork it at",
            details="as_of_revision" if body.as_of_revision is not None else "as_of_ts",
        )
    if body.until_revision is not None and body.until_revision < revision:
        raise Problem(
            Code.INVALID_FIELD, "the body is not acceptable", details="until_revision: lies before the fork"
        )
    return revision
