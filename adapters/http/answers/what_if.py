"""What might have been, beside what was: as it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from typing_extensions import TypedDict

from adapters.http.answers.display import contracts, price_dollars, timestamp
from adapters.http.answers.why import exact_dollars
from application.whatif.fork import Insertion
from application.whatif.telling import Happened, Holding, Telling, same_until
from application.whatif.what_if import Comparison
from domain.identifiers import AccountId
from domain.market.events import Leg
from domain.market.vocabulary import BUY, YES
from domain.quantities import PAYOUT_TICKS

Sees = Callable[[AccountId], bool]


class PartTold(TypedDict):
    """An order's part in a trade, told to those who may see it."""

    order_id: str
    account_id: str
    side: str
    action: str
    fee_dollars: str


class TradeTold(TypedDict):
    """A trade. The parts are one's own; an operator sees both."""

    created_time: str
    yes_price_dollars: str
    count_fp: str
    kind: str
    taker_side: str
    maker: PartTold | None
    taker: PartTold | None


class PricePoint(TypedDict):
    """What yes last traded at from a time on."""

    created_time: str
    yes_price_dollars: str


class MarketTold(TypedDict):
    """A market at the end, and what traded in it since the fork.

    ``trades`` begin with the first that differs; ``prices`` are spread over all of them.
    """

    status: str
    result: str | None
    trade_count: int
    volume_fp: str
    last_price_dollars: str | None
    yes_bid_dollars: str | None
    yes_ask_dollars: str | None
    trades: list[TradeTold]
    prices: list[PricePoint]


class Refusal(TypedDict):
    """Why an order was not taken."""

    code: str
    message: str


class InsertedTold(TypedDict):
    """What became of an order that was put in: how it was taken, what filled, what stood before it."""

    order_id: str
    account_id: str
    after_revision: int
    side: str
    action: str
    refused: Refusal | None
    filled_count_fp: str
    remaining_count_fp: str
    cost_dollars: str
    fees_dollars: str
    queue_ahead_fp: str | None
    end_reason: str | None


class HoldingTold(TypedDict):
    """What an account holds at the end, or was paid for; what it had put in, and what came of it.

    ``payout_dollars`` and ``profit_dollars`` are told once the market has ended, the other two until then.
    """

    yes_count_fp: str
    no_count_fp: str
    paid_dollars: str
    fees_dollars: str
    payout_dollars: str | None
    profit_dollars: str | None
    profit_if_yes_dollars: str | None
    profit_if_no_dollars: str | None


class AccountCompared(TypedDict):
    """What came of it for an account, as recorded and as it would have been."""

    account_id: str
    recorded: HoldingTold
    what_if: HoldingTold


class NotCarriedOut(TypedDict):
    """How many recorded commands were refused in the other market, by the reason."""

    code: str
    count: int


class WhatIfAnswer(TypedDict):
    """A market as it was recorded, and as it would have been."""

    ticker: str
    as_of_revision: int
    until_revision: int
    assumptions: list[str]
    same_trades: int
    recorded: MarketTold
    what_if: MarketTold
    inserted: list[InsertedTold]
    not_carried_out: list[NotCarriedOut]
    accounts: list[AccountCompared]
    accounts_differing: int


def what_if_answer(found: Comparison, *, limit: int) -> WhatIfAnswer:
    """Return a comparison as it is told to whoever asked."""
    asker, fork = found.question.asker, found.fork
    recorded, other = fork.recorded, fork.other
    same = same_until(recorded, other)
    differing = [
        each
        for each in sorted(recorded.accounts | other.accounts)
        if recorded.holding(each) != other.holding(each)
    ]
    told = differing[:limit] if asker is None else [asker]
    return WhatIfAnswer(
        ticker=found.question.ticker,
        as_of_revision=found.question.revision,
        until_revision=found.until,
        assumptions=list(found.assumed),
        same_trades=same,
        recorded=_market(recorded, same, limit, lambda account: asker in (None, account)),
        what_if=_market(other, same, limit, lambda account: asker in (None, account)),
        inserted=_inserted(found.question.inserted, other),
        not_carried_out=[
            NotCarriedOut(code=reason.value, count=count) for reason, count in fork.refused.most_common()
        ],
        accounts=[
            AccountCompared(
                account_id=each,
                recorded=_holding(recorded.holding(each)),
                what_if=_holding(other.holding(each)),
            )
            for each in told
        ],
        accounts_differing=len(differing) if asker is None else int(asker in differing),
    )


def _market(telling: Telling, same: int, limit: int, sees: Sees) -> MarketTold:
    state = telling.state
    bid, no_bid = state.book.yes.best_ticks, state.book.no.best_ticks
    return MarketTold(
        status=state.status.value,
        result=None if state.result is None else state.result.value,
        trade_count=len(telling.trades),
        volume_fp=contracts(telling.volume),
        last_price_dollars=_price(state.last_price),
        yes_bid_dollars=_price(bid),
        yes_ask_dollars=None if no_bid is None else price_dollars(PAYOUT_TICKS - no_bid),
        trades=[_trade(each, sees) for each in telling.trades[same : same + limit]],
        prices=[
            PricePoint(
                created_time=timestamp(each.at_us), yes_price_dollars=price_dollars(each.trade.price_ticks)
            )
            for each in _spread(telling.trades, limit)
        ],
    )


def _spread(trades: Sequence[Happened], most: int) -> Sequence[Happened]:
    """Return at most so many trades, evenly out of all, the last among them."""
    if len(trades) <= most:
        return trades
    return [trades[(number + 1) * len(trades) // most - 1] for number in range(most)]


def _price(ticks: int | None) -> str | None:
    return None if ticks is None else price_dollars(ticks)


def _trade(happened: Happened, sees: Sees) -> TradeTold:
    trade = happened.trade
    yes = (trade.taker.side is YES) is (trade.taker.action is BUY)
    return TradeTold(
        created_time=timestamp(happened.at_us),
        yes_price_dollars=price_dollars(trade.price_ticks),
        count_fp=contracts(trade.quantity),
        kind=trade.kind.value,
        taker_side="yes" if yes else "no",
        maker=_part(trade.maker, sees),
        taker=_part(trade.taker, sees),
    )


def _part(leg: Leg, sees: Sees) -> PartTold | None:
    if not sees(leg.account_id):
        return None
    return PartTold(
        order_id=leg.order_id,
        account_id=leg.account_id,
        side=leg.side.value,
        action=leg.action.value,
        fee_dollars=exact_dollars(leg.fee),
    )


@dataclass(slots=True)
class _Filled:
    """What filled of an order, what it came to, and the fees."""

    quantity: int = 0
    value: int = 0
    fees: int = 0


def _inserted(inserted: Sequence[Insertion], other: Telling) -> list[InsertedTold]:
    filled = {each.order_id: _Filled() for each in inserted}
    for leg, trade in other.fills(filled):
        ticks, sum_up = trade.price_ticks, filled[leg.order_id]
        sum_up.quantity += trade.quantity
        sum_up.value += trade.quantity * (ticks if leg.side is YES else PAYOUT_TICKS - ticks)
        sum_up.fees += leg.fee
    return [_became(each, other, filled[each.order_id]) for each in inserted]


def _became(inserted: Insertion, other: Telling, filled: _Filled) -> InsertedTold:
    request, sent, refused = inserted.request, inserted.sent or inserted.request, inserted.refused
    order = other.state.orders.get(inserted.order_id)
    ended = other.ended.get(inserted.order_id)
    return InsertedTold(
        order_id=inserted.order_id,
        account_id=request.account_id,
        after_revision=inserted.after_revision,
        side=sent.side.value,
        action=sent.action.value,
        refused=None if refused is None else Refusal(code=refused.reason.value, message=refused.message),
        filled_count_fp=contracts(filled.quantity),
        remaining_count_fp=contracts(order.remaining if order else 0),
        cost_dollars=exact_dollars(filled.value if sent.action is BUY else -filled.value),
        fees_dollars=exact_dollars(filled.fees),
        queue_ahead_fp=None if inserted.ahead is None else contracts(inserted.ahead),
        end_reason=None if ended is None else ended.value,
    )


def _holding(holding: Holding) -> HoldingTold:
    got, paid = holding.got, holding.paid
    return HoldingTold(
        yes_count_fp=contracts(holding.yes),
        no_count_fp=contracts(holding.no),
        paid_dollars=exact_dollars(paid),
        fees_dollars=exact_dollars(holding.fees),
        payout_dollars=None if got is None else exact_dollars(got),
        profit_dollars=None if got is None else exact_dollars(got - paid),
        profit_if_yes_dollars=None
        if got is not None
        else exact_dollars(holding.worth(yes_ticks=PAYOUT_TICKS) - paid),
        profit_if_no_dollars=None if got is not None else exact_dollars(holding.worth(yes_ticks=0) - paid),
    )
