"""What is known of a market besides its book, as rows, and how each event changes them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from application.events import Recorded
from application.streams import GROUP, MARKET
from domain.group import events as g
from domain.group.aggregate import GroupStatus
from domain.market import events as e
from domain.market.vocabulary import Condition, FillKind, MarketStatus, Result
from domain.quantities import PAYOUT_TICKS
from projections.running.table import Table


@dataclass(slots=True)
class MarketRow:
    """A market; ``listed_position`` orders markets by when they were listed."""

    ticker: str
    listed_position: int
    group_id: str | None
    title: str
    rules: str
    rules_version: int
    category: str
    status: str
    status_reason: str
    result: str | None
    settlement_ticks: int | None
    condition: str
    parent: str | None
    required: str | None
    tick_size_ticks: int
    price_min_ticks: int
    price_max_ticks: int
    quantity_min: int
    quantity_step: int
    position_limit: int | None
    fee_maker_quadratic_bps: int
    fee_maker_flat_ticks: int
    fee_taker_quadratic_bps: int
    fee_taker_flat_ticks: int
    fee_grain: int
    last_price_ticks: int | None
    volume: int
    trades: int
    open_interest: int
    created_at_us: int
    opened_at_us: int | None
    close_at_us: int | None
    closed_at_us: int | None
    determined_at_us: int | None
    settled_at_us: int | None
    updated_at_us: int
    revision: int


@dataclass(slots=True)
class GroupRow:
    """A group of markets; ``members`` is a JSON list of tickers in the order they joined."""

    group_id: str
    listed_position: int
    title: str
    category: str
    series: str
    members: str
    status: str
    winner: str | None
    created_at_us: int
    updated_at_us: int


MARKETS = Table("markets", MarketRow, key=("ticker",))
GROUPS = Table("market_groups", GroupRow, key=("group_id",))


def listed(recorded: Recorded[e.MarketCreated]) -> MarketRow:
    """Return a market as it is listed."""
    event, at_us = recorded.event, recorded.cause.at_us
    fees = event.fees
    return MarketRow(
        ticker=event.ticker,
        listed_position=recorded.position,
        group_id=event.group_id,
        title=event.title,
        rules=event.rules,
        rules_version=1,
        category=event.category,
        status=MarketStatus.INITIALIZED.value,
        status_reason="",
        result=None,
        settlement_ticks=None,
        condition=Condition.NONE.value,
        parent=None,
        required=None,
        tick_size_ticks=event.tick_size_ticks,
        price_min_ticks=event.price_min_ticks,
        price_max_ticks=event.price_max_ticks,
        quantity_min=event.quantity_min,
        quantity_step=event.quantity_step,
        position_limit=event.position_limit,
        fee_maker_quadratic_bps=fees.maker.quadratic_bps,
        fee_maker_flat_ticks=fees.maker.flat_ticks,
        fee_taker_quadratic_bps=fees.taker.quadratic_bps,
        fee_taker_flat_ticks=fees.taker.flat_ticks,
        fee_grain=fees.grain,
        last_price_ticks=None,
        volume=0,
        trades=0,
        open_interest=0,
        created_at_us=at_us,
        opened_at_us=None,
        close_at_us=event.close_at_us,
        closed_at_us=None,
        determined_at_us=None,
        settled_at_us=None,
        updated_at_us=at_us,
        revision=recorded.revision,
    )


def change(row: MarketRow, recorded: Recorded[Any]) -> None:
    """Apply an event of :data:`CHANGES` to its market."""
    CHANGES[type(recorded.event)](row, recorded.event, recorded.cause.at_us)
    row.updated_at_us = recorded.cause.at_us
    row.revision = recorded.revision


def _traded(row: MarketRow, event: e.TradeExecuted, _at_us: int) -> None:
    row.last_price_ticks = event.price_ticks
    row.volume += event.quantity
    row.trades += 1
    row.open_interest += interest_change(event)


def interest_change(event: e.TradeExecuted) -> int:
    """Return how many pairs a trade added to those outstanding."""
    if event.kind is FillKind.MINT:
        return event.quantity
    return -event.quantity if event.kind is FillKind.MERGE else 0


def _left(row: MarketRow, event: e.PositionSettled | e.PositionUnwound, _at_us: int) -> None:
    row.open_interest -= event.yes


def _redeemed(row: MarketRow, event: e.PairsRedeemed, _at_us: int) -> None:
    row.open_interest -= event.quantity


def _linked(row: MarketRow, event: e.ConditionLinked, _at_us: int) -> None:
    row.parent, row.required = event.parent, event.required.value
    row.condition = Condition.PENDING.value


def _met(row: MarketRow, _event: e.ConditionMet, _at_us: int) -> None:
    row.condition = Condition.MET.value


def _called_off(row: MarketRow, event: e.MarketCalledOff, at_us: int) -> None:
    row.condition = Condition.FAILED.value
    row.status_reason = f"{event.parent} ended {event.parent_result.value}"
    _end(row, Result.VOID, None, at_us)


def _activated(row: MarketRow, _event: e.MarketActivated, at_us: int) -> None:
    row.status = MarketStatus.ACTIVE.value
    row.opened_at_us = at_us


def _paused(row: MarketRow, event: e.MarketPaused, _at_us: int) -> None:
    row.status, row.status_reason = MarketStatus.PAUSED.value, event.reason


def _resumed(row: MarketRow, _event: e.MarketResumed, _at_us: int) -> None:
    row.status, row.status_reason = MarketStatus.ACTIVE.value, ""


def _closed(row: MarketRow, _event: e.MarketClosed, at_us: int) -> None:
    row.status, row.status_reason = MarketStatus.CLOSED.value, ""
    row.closed_at_us = at_us


def _determined(row: MarketRow, event: e.MarketDetermined, at_us: int) -> None:
    row.status, row.status_reason = MarketStatus.DETERMINED.value, event.evidence
    row.result, row.settlement_ticks = event.result.value, _pays(event.result)
    row.determined_at_us = at_us


def _disputed(row: MarketRow, event: e.MarketDisputed, _at_us: int) -> None:
    row.status, row.status_reason = MarketStatus.DISPUTED.value, event.reason
    row.settlement_ticks = None


def _finalized(row: MarketRow, event: e.MarketFinalized, at_us: int) -> None:
    _end(row, event.result, _pays(event.result), at_us)


def _voided(row: MarketRow, event: e.MarketVoided, at_us: int) -> None:
    row.status_reason = event.reason
    _end(row, Result.VOID, event.yes_price_ticks, at_us)


def _end(row: MarketRow, result: Result, settlement_ticks: int | None, at_us: int) -> None:
    row.status = MarketStatus.FINALIZED.value
    row.result, row.settlement_ticks = result.value, settlement_ticks
    row.settled_at_us = at_us
    if row.closed_at_us is None:
        row.closed_at_us = at_us


def _pays(result: Result) -> int:
    return PAYOUT_TICKS if result is Result.YES else 0


def _rules_amended(row: MarketRow, event: e.RulesAmended, _at_us: int) -> None:
    row.rules, row.rules_version = event.rules, event.version


def _tick_size_changed(row: MarketRow, event: e.TickSizeChanged, _at_us: int) -> None:
    row.tick_size_ticks = event.tick_size_ticks


def _noted(_row: MarketRow, _event: e.ConditionalAttached | e.OpeningRequested, _at_us: int) -> None:
    """Nothing to be seen: children are found by their parent, and a market opens by another event."""


CHANGES: dict[type, Callable[[MarketRow, Any, int], None]] = {
    e.TradeExecuted: _traded,
    e.PairsRedeemed: _redeemed,
    e.PositionSettled: _left,
    e.PositionUnwound: _left,
    e.ConditionLinked: _linked,
    e.ConditionalAttached: _noted,
    e.OpeningRequested: _noted,
    e.ConditionMet: _met,
    e.MarketCalledOff: _called_off,
    e.MarketActivated: _activated,
    e.MarketPaused: _paused,
    e.MarketResumed: _resumed,
    e.MarketClosed: _closed,
    e.MarketDetermined: _determined,
    e.MarketDisputed: _disputed,
    e.MarketFinalized: _finalized,
    e.MarketVoided: _voided,
    e.RulesAmended: _rules_amended,
    e.TickSizeChanged: _tick_size_changed,
}
"""Every event that changes a listed market's row, and how."""


def group_listed(recorded: Recorded[g.GroupCreated]) -> GroupRow:
    """Return a group as it is listed."""
    event, at_us = recorded.event, recorded.cause.at_us
    return GroupRow(
        group_id=event.group_id,
        listed_position=recorded.position,
        title=event.title,
        category=event.category,
        series=event.series,
        members="[]",
        status=GroupStatus.OPEN.value,
        winner=None,
        created_at_us=at_us,
        updated_at_us=at_us,
    )


def change_group(row: GroupRow, recorded: Recorded[Any]) -> None:
    """Apply an event of :data:`GROUP_CHANGES` to its group."""
    GROUP_CHANGES[type(recorded.event)](row, recorded.event)
    row.updated_at_us = recorded.cause.at_us


def _joined(row: GroupRow, event: g.MarketAdded) -> None:
    row.members = json.dumps([*json.loads(row.members), event.ticker])


def _group_determined(row: GroupRow, event: g.GroupDetermined) -> None:
    row.status, row.winner = GroupStatus.DETERMINED.value, event.winner


def _group_disputed(row: GroupRow, _event: g.GroupDisputed) -> None:
    row.status = GroupStatus.DISPUTED.value


def _group_finalized(row: GroupRow, _event: g.GroupFinalized) -> None:
    row.status = GroupStatus.FINALIZED.value


def _group_voided(row: GroupRow, _event: g.GroupVoided) -> None:
    row.status = GroupStatus.VOIDED.value


GROUP_CHANGES: dict[type, Callable[[GroupRow, Any], None]] = {
    g.MarketAdded: _joined,
    g.GroupDetermined: _group_determined,
    g.GroupDisputed: _group_disputed,
    g.GroupFinalized: _group_finalized,
    g.GroupVoided: _group_voided,
}
"""Every event that changes a listed group's row, and how."""


def ticker_of(stream: str) -> str:
    """Return the market a stream belongs to."""
    return stream.removeprefix(MARKET)


def group_of(stream: str) -> str:
    """Return the group a stream belongs to."""
    return stream.removeprefix(GROUP)
