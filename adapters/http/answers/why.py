"""Chains of causes as they are told: each step with what it did to the account that asks."""

from typing import Any

from typing_extensions import TypedDict

from adapters.http.answers.display import contracts, price_dollars, timestamp
from adapters.http.answers.in_turns import in_turns
from domain.market import events as e
from domain.market.vocabulary import Side
from domain.quantities import PAYOUT_TICKS
from projections.reading.views import LedgerEntryView
from projections.reading.why import CausedBy, EntryChain, MarketStep, OrderChain, Step

_MICROS = 1_000_000


class Cause(TypedDict):
    """Where the event stands that an entry books."""

    stream: str
    revision: int


class ChainStep(TypedDict):
    """One step. ``command_id`` is told of one's own commands only; ``because_of`` is what an entry books."""

    step: str
    type: str
    stream: str
    revision: int
    position: int
    at_time: str
    caused_by: str | None
    command_id: str | None
    correlation_id: str | None
    because_of: Cause | None
    data: dict[str, Any]


class OrderWhyAnswer(TypedDict):
    """What became of an order and why, in the order of the log."""

    order_id: str
    ticker: str
    status: str
    chain: list[ChainStep]
    complete: bool


class EntryWhyAnswer(TypedDict):
    """Why an entry moved money; the entry is the last step."""

    account_id: str
    ledger: str
    revision: int
    ticker: str | None
    order_id: str | None
    chain: list[ChainStep]


async def order_why_answer(chain: OrderChain) -> OrderWhyAnswer:
    """Return an order's chain as it is told."""
    order = chain.order
    return OrderWhyAnswer(
        order_id=order.order_id,
        ticker=order.ticker,
        status=order.status.value,
        chain=await in_turns(_step, chain.steps),
        complete=chain.complete,
    )


async def entry_why_answer(chain: EntryChain) -> EntryWhyAnswer:
    """Return an entry's chain as it is told."""
    entry = chain.entry
    return EntryWhyAnswer(
        account_id=entry.account_id,
        ledger=entry.ledger,
        revision=entry.ledger_revision,
        ticker=entry.ticker,
        order_id=entry.order_id,
        chain=await in_turns(_step, chain.steps),
    )


def _step(step: Step) -> ChainStep:
    return _event(step) if isinstance(step, MarketStep) else _entry(step)


def _event(step: MarketStep) -> ChainStep:
    recorded = step.recorded
    own = step.caused_by is CausedBy.OWN_COMMAND
    return ChainStep(
        step="market_event",
        type=type(recorded.event).__name__,
        stream=recorded.stream,
        revision=recorded.revision,
        position=recorded.position,
        at_time=timestamp(recorded.cause.at_us),
        caused_by=step.caused_by.value,
        command_id=str(recorded.cause.command_id) if own else None,
        correlation_id=str(recorded.cause.correlation_id) if own else None,
        because_of=None,
        data=_told(recorded.event, step.leg),
    )


def _entry(entry: LedgerEntryView) -> ChainStep:
    # What books an event is done for many accounts at once: its command says nothing about this one.
    books = entry.market_revision is not None
    return ChainStep(
        step="ledger_entry",
        type=entry.kind,
        stream=entry.ledger,
        revision=entry.ledger_revision,
        position=entry.position,
        at_time=timestamp(entry.at_us),
        caused_by=None,
        command_id=None if books else str(entry.command_id),
        correlation_id=None if books else str(entry.correlation_id),
        because_of=Cause(stream=f"market-{entry.ticker}", revision=entry.market_revision)
        if entry.market_revision is not None
        else None,
        data={
            "cash_delta_dollars": exact_dollars(entry.cash_delta),
            "reserved_delta_dollars": exact_dollars(entry.reserved_delta),
            "locked_delta_dollars": exact_dollars(entry.locked_delta),
            **({"reference": entry.reference} if entry.reference else {}),
            **({"trade_id": entry.trade_id} if entry.trade_id else {}),
        },
    )


def exact_dollars(micros: int) -> str:
    """Return an amount in dollars with all six places it can have."""
    size = abs(micros)
    return f"{'-' if micros < 0 else ''}{size // _MICROS}.{size % _MICROS:06d}"


def _told(event: Any, leg: e.Leg | None) -> dict[str, Any]:
    """Return what an event says to the account that it concerns."""
    match event:
        case e.OrderPlaced():
            return {
                "side": event.side.value,
                "action": event.action.value,
                "type": event.order_type.value,
                "price_dollars": price_dollars(event.terms.price_ticks),
                "count_fp": contracts(event.terms.quantity),
                "rests_fp": contracts(event.rests),
                "reserved_dollars": exact_dollars(event.reserved),
                "time_in_force": event.time_in_force.value,
            }
        case e.TradeExecuted():
            assert leg is not None
            return _trade(event, leg)
        case e.OrderAmended():
            return {
                "price_dollars": price_dollars(event.price_ticks),
                "remaining_fp": contracts(event.remaining),
                "reserved_dollars": exact_dollars(event.reserved),
            }
        case e.OrderRenamed():
            return {"client_order_id": event.client_order_id}
        case e.OrderDecreased():
            return {"count_fp": contracts(event.quantity), "reserved_dollars": exact_dollars(event.reserved)}
        case e.OrderCanceled():
            return {"count_fp": contracts(event.quantity), "reason": event.reason.value}
        case e.StopTriggered():
            return {"last_price_dollars": price_dollars(event.last_price_ticks)}
        case _:
            return _ending(event)


def _trade(event: e.TradeExecuted, leg: e.Leg) -> dict[str, Any]:
    yes = leg.side is Side.YES
    return {
        "trade_id": event.trade_id,
        "is_taker": leg is event.taker,
        "kind": event.kind.value,
        "side": leg.side.value,
        "action": leg.action.value,
        "price_dollars": price_dollars(event.price_ticks if yes else PAYOUT_TICKS - event.price_ticks),
        "count_fp": contracts(event.quantity),
        "fee_dollars": exact_dollars(leg.fee),
        "rules_version": event.rules_version,
    }


def _ending(event: Any) -> dict[str, Any]:
    match event:
        case e.MarketFinalized():
            return {"result": event.result.value}
        case e.MarketVoided():
            return {"yes_price_dollars": price_dollars(event.yes_price_ticks), "reason": event.reason}
        case e.MarketCalledOff():
            return {"parent_ticker": event.parent, "parent_result": event.parent_result.value}
        case e.ConditionMet():
            return {"parent_ticker": event.parent}
        case e.PairsRedeemed():
            return {
                "count_fp": contracts(event.quantity),
                "payout_dollars": exact_dollars(event.payout),
                "locked_dollars": exact_dollars(event.locked),
                **({"trade_id": event.trade_id} if event.trade_id else {}),
            }
        case e.PositionSettled():
            return {
                "yes_count_fp": contracts(event.yes),
                "no_count_fp": contracts(event.no),
                "payout_dollars": exact_dollars(event.payout),
                "fees_dollars": exact_dollars(event.fees),
                "fees_returned": event.fees_returned,
            }
        case e.PositionUnwound():
            return {
                "yes_count_fp": contracts(event.yes),
                "no_count_fp": contracts(event.no),
                "refund_dollars": exact_dollars(event.refund),
            }
        case _:
            return {}
