"""What has to be true of an event beyond its single fields, each rule stated once.

They are checked as events are written and as they are read, and printed in the schemas. The rules of single
fields stand beside the fields (:mod:`domain.fields`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.group import events as group
from domain.ledger import events as ledger
from domain.market import events as market
from domain.market.vocabulary import Action, FillKind, OrderType, Result, TimeInForce
from domain.quantities import PAYOUT_TICKS


class Rule(NamedTuple):
    """A sentence, and whether it is true of an event."""

    says: str
    holds: Callable[[Any], bool]


def _decided(result: Result) -> bool:
    return result is not Result.VOID


def _legs_agree(trade: market.TradeExecuted) -> bool:
    maker, taker = trade.maker, trade.taker
    match trade.kind:
        case FillKind.NORMAL:
            return maker.side is taker.side and maker.action is not taker.action
        case FillKind.MINT:
            return maker.side is not taker.side and maker.action is taker.action is Action.BUY
        case FillKind.MERGE:
            return maker.side is not taker.side and maker.action is taker.action is Action.SELL


_NOT_VOID = "`{}` is `yes` or `no`: a market ends void by other events"
_TICK_DIVIDES = Rule(
    "`tick_size_ticks` divides a dollar", lambda event: PAYOUT_TICKS % event.tick_size_ticks == 0
)

_WINNER_IS_A_MEMBER = Rule("`winner` is one of `members`", lambda event: event.winner in event.members)

RULES: Mapping[type, tuple[Rule, ...]] = {
    market.MarketCreated: (
        _TICK_DIVIDES,
        Rule(
            "`price_min_ticks` is at most `price_max_ticks`",
            lambda event: event.price_min_ticks <= event.price_max_ticks,
        ),
    ),
    market.TickSizeChanged: (_TICK_DIVIDES,),
    market.ConditionLinked: (Rule(_NOT_VOID.format("required"), lambda event: _decided(event.required)),),
    market.MarketDetermined: (Rule(_NOT_VOID.format("result"), lambda event: _decided(event.result)),),
    market.MarketFinalized: (Rule(_NOT_VOID.format("result"), lambda event: _decided(event.result)),),
    market.OrderPlaced: (
        Rule("`rests` is at most `terms.quantity`", lambda event: event.rests <= event.terms.quantity),
        Rule(
            "`stop_price_ticks` is there for a `stop` and for nothing else",
            lambda event: (event.stop_price_ticks is not None) == (event.order_type is OrderType.STOP),
        ),
        Rule(
            "an order that is `good_till_date` has `expires_at_us`",
            lambda event: (
                event.time_in_force is not TimeInForce.GOOD_TILL_DATE or event.expires_at_us is not None
            ),
        ),
    ),
    market.OrderAmended: (
        Rule("`rests` is at most `remaining`", lambda event: event.rests <= event.remaining),
    ),
    market.TradeExecuted: (
        Rule(
            "the legs agree with the kind: a `normal` fill has one side bought and sold, a `mint` both sides "
            "bought, a `merge` both sides sold",
            _legs_agree,
        ),
    ),
    ledger.FillBooked: (
        Rule(
            "`value` is price times quantity", lambda event: event.value == event.price_ticks * event.quantity
        ),
    ),
    group.GroupDetermined: (_WINNER_IS_A_MEMBER,),
    group.GroupFinalized: (_WINNER_IS_A_MEMBER,),
}


def broken(event: object) -> str | None:
    """Return the first rule an event breaks, as a sentence."""
    for says, holds in RULES.get(type(event), ()):
        if not holds(event):
            return says
    return None
