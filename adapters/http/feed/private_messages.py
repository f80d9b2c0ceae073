"""What an account is told of itself, and nobody else is."""

from typing import Any

from adapters.http.answers.display import (
    EXCHANGE_INDEX,
    book_side,
    contracts,
    money_dollars,
    other_side,
    outcome_side,
    price_cents,
    price_dollars,
    seconds,
    timestamp,
    timestamp_or_none,
    whole_contracts,
)
from adapters.http.feed.channels import Channel
from adapters.http.feed.messages import Message, message, milliseconds
from application.events import Recorded
from application.streams import MARKET
from domain.ledger import events as le
from domain.market.vocabulary import Action, Side
from domain.quantities import Ticks
from projections.live.desk import Change, Filled
from projections.orders import OrderRow
from projections.portfolio import PositionRow


def told_of(change: Change, recorded: Recorded[Any]) -> tuple[Channel, Message]:
    """Return what is told of a change that an event brought, and on which channel."""
    match change:
        case Filled():
            return Channel.FILL, _fill(change)
        case OrderRow():
            return Channel.ORDERS, _order(change, _where(recorded), recorded.position)
        case PositionRow():
            return Channel.POSITIONS, _position(change, _where(recorded), recorded.position)


def as_it_stands(row: OrderRow | PositionRow) -> Message:
    """Return an open order, or a position, of which nothing has just happened."""
    if isinstance(row, OrderRow):
        return _order(row, {"revision": row.revision, "position": row.position}, row.position)
    return _position(row, {}, 0)


def _fill(filled: Filled) -> Message:
    recorded, leg = filled.trade, filled.leg
    trade, at_us = recorded.event, recorded.cause.at_us
    outcome = outcome_side(leg.side, leg.action)
    document: dict[str, Any] = {
        "trade_id": trade.trade_id,
        "order_id": leg.order_id,
        "market_ticker": recorded.stream.removeprefix(MARKET),
        "is_taker": leg is trade.taker,
        "side": leg.side.value,
        "action": leg.action.value,
        "purchased_side": outcome,
        "outcome_side": outcome,
        "book_side": book_side(leg.side, leg.action),
        "yes_price": price_cents(trade.price_ticks),
        "yes_price_dollars": price_dollars(trade.price_ticks),
        "no_price_dollars": price_dollars(other_side(trade.price_ticks)),
        "count": whole_contracts(trade.quantity),
        "count_fp": contracts(trade.quantity),
        "fee_cost": money_dollars(leg.fee),
        "client_order_id": filled.client_order_id,
        "exchange_index": EXCHANGE_INDEX,
        "ts": seconds(at_us),
        "ts_ms": milliseconds(at_us),
        **_where(recorded),
    }
    if filled.net is not None:
        document["post_position_fp"] = contracts(filled.net)
    return message("fill", document, recorded.position)


def _order(row: OrderRow, where: dict[str, int], position: int) -> Message:
    side, action = Side(row.side), Action(row.action)
    yes = row.price_ticks if side is Side.YES else other_side(Ticks(row.price_ticks))
    return message(
        "user_order",
        {
            "order_id": row.order_id,
            "user_id": row.account_id,
            "ticker": row.ticker,
            "status": row.status,
            "end_reason": row.end_reason,
            "side": row.side,
            "action": row.action,
            "is_yes": outcome_side(side, action) == "yes",
            "outcome_side": outcome_side(side, action),
            "book_side": book_side(side, action),
            "yes_price_dollars": price_dollars(yes),
            "fill_count_fp": contracts(row.filled),
            "remaining_count_fp": contracts(row.remaining),
            "initial_count_fp": contracts(row.initial),
            "taker_fill_cost_dollars": money_dollars(row.taker_fill_cost),
            "maker_fill_cost_dollars": money_dollars(row.maker_fill_cost),
            "taker_fees_dollars": money_dollars(row.taker_fees),
            "maker_fees_dollars": money_dollars(row.maker_fees),
            "client_order_id": row.client_order_id,
            "order_group_id": row.order_group_id,
            "self_trade_prevention_type": row.self_trade_prevention,
            "created_time": timestamp(row.created_at_us),
            "created_ts_ms": milliseconds(row.created_at_us),
            "last_update_time": timestamp(row.updated_at_us),
            "last_updated_ts_ms": milliseconds(row.updated_at_us),
            "expiration_time": timestamp_or_none(row.expires_at_us),
            "exchange_index": EXCHANGE_INDEX,
            **where,
        },
        position,
    )


def _position(row: PositionRow, where: dict[str, int], position: int) -> Message:
    return message(
        "market_position",
        {
            "user_id": row.account_id,
            "market_ticker": row.ticker,
            "position_fp": contracts(row.yes - row.no),
            "yes_count_fp": contracts(row.yes),
            "no_count_fp": contracts(row.no),
            "position_cost_dollars": money_dollars(row.yes_cost + row.no_cost),
            "realized_pnl_dollars": money_dollars(row.realized_pnl),
            "fees_paid_dollars": money_dollars(row.fees),
            "position_fee_cost_dollars": money_dollars(row.fees),
            "volume_fp": contracts(row.shares_traded),
            **where,
        },
        position,
    )


def _where(recorded: Recorded[Any]) -> dict[str, int]:
    return {"revision": recorded.revision, "position": recorded.position}


def order_group_message(recorded: Recorded[Any]) -> Message | None:
    """Return what became of an order group, ``None`` for an event that is about none."""
    event = recorded.event
    match event:
        case le.OrderGroupCreated():
            kind = "created"
        case le.OrderGroupLimitChanged():
            kind = "limit_updated"
        case le.OrderGroupTriggered():
            kind = "triggered"
        case le.OrderGroupReset():
            kind = "reset"
        case le.OrderGroupDeleted():
            kind = "deleted"
        case _:
            return None
    document: dict[str, Any] = {
        "event_type": kind,
        "order_group_id": event.order_group_id,
        "ts_ms": milliseconds(recorded.cause.at_us),
        "position": recorded.position,
    }
    if isinstance(event, le.OrderGroupCreated | le.OrderGroupLimitChanged):
        document["contracts_limit_fp"] = contracts(event.limit)
    return message("order_group_updates", document, recorded.position)
