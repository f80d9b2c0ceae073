"""A market's state as plain data. Queues are kept in order; everything that follows from it is left out."""

import heapq
import sys
from collections.abc import Generator, Iterator, Sequence
from operator import attrgetter
from typing import Any

from application.ports.snapshots import Document
from application.snapshots import form
from domain import fees, quantities
from domain.fees import FeeRate, FeeSchedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import book, events, evolve, state, stops, vocabulary
from domain.market.book import Order
from domain.market.state import GroupHere, MarketState, Position
from domain.market.vocabulary import (
    Action,
    Condition,
    MarketStatus,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

STEP = 250
"""How many orders or positions are made before others get their turn."""

PLAIN = (
    "ticker",
    "title",
    "rules",
    "rules_version",
    "category",
    "group_id",
    "tick_size",
    "price_min",
    "price_max",
    "quantity_min",
    "quantity_step",
    "position_limit",
    "close_at_us",
    "created",
    "void_price",
    "parent",
    "outstanding",
    "trades",
    "volume",
    "last_price",
    "revision",
)
"""The attributes of a market that are kept as they are."""

ORDER = tuple(name for name in Order.__slots__ if name not in ("level", "ahead", "behind"))
"""What is kept of an order, in this order: alphabetical, as :func:`_order` takes it apart."""

_SIDES = {word.value: word for word in Side}
_ACTIONS = {word.value: word for word in Action}
_TYPES = {word.value: word for word in OrderType}
_TIMES = {word.value: word for word in TimeInForce}
_PREVENTIONS = {word.value: word for word in SelfTradePrevention}

_order_values = attrgetter(*ORDER)
_position_values = attrgetter(*Position.__slots__)

GROUP = ("account_id", "round", "version", "allowance", "filled", "closed_at")
"""What is kept of an order group. Its orders are found again by what they say."""

_group_values = attrgetter(*GROUP)


def capture(market: MarketState) -> Document:
    """Return a copy of a market: about a microsecond an order."""
    positions = market.positions
    return {
        **{name: getattr(market, name) for name in PLAIN},
        "fees": _rates(market.fees),
        "status": market.status.value,
        "result": market.result,
        "condition": market.condition.value,
        "required": market.required,
        "children": sorted(market.children),
        "abandoned": sorted(market.abandoned),
        "abandoned_amendments": sorted(
            (order_id, sorted(amendments)) for order_id, amendments in market.abandoned_amendments.items()
        ),
        "orders": list(map(_order_values, market.orders.values())),
        "stops": list(market.stops),
        "order_groups": [(name, _group_values(group)) for name, group in market.order_groups.items()],
        "closed_groups": list(market.closed_groups.items()),
        "crossed": list(market.crossed.items()),
        "taker": market.taker.order_id if market.taker else None,
        "positions": list(zip(positions, map(_position_values, positions.values()), strict=True)),
        **{side.value: _levels(market, side) for side in Side},
    }


def _rates(schedule: FeeSchedule) -> list[int]:
    maker, taker = schedule.maker, schedule.taker
    return [maker.quadratic_bps, maker.flat_ticks, taker.quadratic_bps, taker.flat_ticks, schedule.grain]


def _levels(market: MarketState, side: Side) -> list[tuple[int, int, list[str]]]:
    """Return price, quantity and queue of every level, best first."""
    ladder = market.book.ladder(side)
    return [
        (level.ticks, level.total, [order.order_id for order in level]) for level in ladder.down_from_best()
    ]


def rebuild(document: Document) -> Generator[None, None, MarketState]:
    """Make a market from a copy of it."""
    market = MarketState()
    for name in PLAIN:
        setattr(market, name, document[name])
    market.fees = _schedule(document)
    market.status = MarketStatus(document["status"])
    market.result = _result(document["result"])
    market.condition = Condition(document["condition"])
    market.required = _result(document["required"])
    market.children = set(map(Ticker, document["children"]))
    market.abandoned = set(map(OrderId, document["abandoned"]))
    for name, values in document["order_groups"]:
        market.order_groups[name] = _group(values)
    for order_id, amendments in document["abandoned_amendments"]:
        market.abandoned_amendments[OrderId(order_id)] = set(amendments)
    yield from _orders(market, document["orders"])
    for order_id in document["stops"]:
        market.stops.add(market.orders[order_id])
    market.closed_groups = dict(document["closed_groups"])
    market.crossed = dict(document["crossed"])
    market.taker = market.orders.get(document["taker"])
    for number, (account_id, values) in enumerate(document["positions"]):
        market.positions[AccountId(account_id)] = _position(values)
        if number % STEP == 0:
            yield
    for side in Side:
        yield from _ladder(market, side, document[side.value])
    _note_what_is_left(market)
    return market


def _note_what_is_left(market: MarketState) -> None:
    """Note what was begun: whose orders have yet to be taken off or made smaller."""
    for name, group in market.order_groups.items():
        if group.orders and not group.room:
            market.spent_groups.add(name)
    for account_id, position in market.positions.items():
        if position.pairs and not market.ended:
            market.paired[account_id] = None
        if position.over_offering:
            market.over_offering.add(account_id)
    for account_id in market.reducing:
        if market.positions[account_id].over_reducing:
            market.over_reducing.add(account_id)


def _schedule(document: Document) -> FeeSchedule:
    maker_bps, maker_flat, taker_bps, taker_flat, grain = document["fees"]
    return FeeSchedule(
        maker=FeeRate(quadratic_bps=maker_bps, flat_ticks=maker_flat),
        taker=FeeRate(quadratic_bps=taker_bps, flat_ticks=taker_flat),
        grain=grain,
    )


def _result(word: str | None) -> Result | None:
    return None if word is None else Result(word)


def _orders(market: MarketState, rows: Sequence[Sequence[Any]]) -> Generator[None, None, None]:
    for number, row in enumerate(rows):
        order = _order(row)
        market.add_order(order)
        if order.cancel_on_pause:
            market.leave_on_pause[order.order_id] = None
        if order.expires_at_us is not None:
            heapq.heappush(market.expirations, (order.expires_at_us, order.order_id))
        if order.order_group_id is not None:
            market.order_groups[order.order_group_id].orders[order.order_id] = order
        if order.reduce_only:
            market.reducing.setdefault(order.account_id, {})[order.order_id] = order
        if number % STEP == 0:
            yield


def _order(row: Sequence[Any]) -> Order:
    # Written out, because it is most of the work of taking up a market.
    order = Order.__new__(Order)
    (
        order.account_id,
        action,
        book_side,
        order.book_ticks,
        order.cancel_on_pause,
        order.client_order_id,
        order.expires_at_us,
        order.fee_accrued,
        order.fee_charged,
        order.filled,
        order.order_group_id,
        order.order_id,
        order_type,
        order.post_only,
        order.price_ticks,
        order.reduce_only,
        order.remaining,
        order.reserved,
        order.resting,
        self_trade_prevention,
        side,
        order.stop_ticks,
        time_in_force,
    ) = row
    order.side, order.book_side = _SIDES[side], _SIDES[book_side]
    order.action, order.order_type = _ACTIONS[action], _TYPES[order_type]
    order.time_in_force = _TIMES[time_in_force]
    order.self_trade_prevention = _PREVENTIONS[self_trade_prevention]
    order.level = order.ahead = order.behind = None
    return order


def _group(values: Sequence[Any]) -> GroupHere:
    group = GroupHere(AccountId(values[0]))
    for name, value in zip(GROUP, values, strict=True):
        setattr(group, name, value)
    return group


def _position(values: Sequence[int]) -> Position:
    position = Position.__new__(Position)
    (
        position.bid_no,
        position.bid_yes,
        position.fees,
        position.no,
        position.offered_no,
        position.offered_yes,
        position.open_orders,
        position.paid,
        position.reducing_no,
        position.reducing_yes,
        position.stops,
        position.yes,
    ) = values
    return position


def _ladder(market: MarketState, side: Side, levels: Sequence[Any]) -> Generator[None, None, None]:
    ladder = market.book.ladder(side)
    for number, (_, _, queue) in enumerate(levels):
        for order_id in queue:
            order = market.orders[order_id]
            ladder.join(order, order.resting)
        if number % STEP == 0:
            yield


def facts(document: Document) -> Iterator[str]:
    """Yield the lines of which :meth:`MarketState.digest` is the hash."""
    d = document
    yield (
        f"market {d['ticker']} {d['status']} {d['result']} {d['condition']} {d['parent']} "
        f"{d['required']} {d['children']} {d['tick_size']} {d['rules_version']} {_schedule(d)} "
        f"{d['outstanding']} {d['trades']} {d['volume']} {d['last_price']} {d['abandoned']} "
        f"{d['price_min']} {d['price_max']} {d['quantity_min']} {d['quantity_step']} "
        f"{d['position_limit']} {d['group_id']} {d['close_at_us']} {d['void_price']}"
    )
    for account_id, values in d["positions"]:
        yield f"position {account_id} {' '.join(map(str, values))}"
    for values in d["orders"]:
        yield f"order {' '.join(map(str, values))}"
    for order_id, amendments in d["abandoned_amendments"]:
        yield f"abandoned {order_id} {' '.join(amendments)}"
    for side in Side:
        for ticks, total, queue in d[side.value]:
            yield f"book {side} {ticks} {total} {' '.join(queue)}"
    yield f"stops {' '.join(d['stops'])}"
    for name, values in d["order_groups"]:
        yield f"group {name} {' '.join(map(str, values))}"
    for name, version in d["closed_groups"]:
        yield f"closed {name} {version}"
    for order_id, trade_id in d["crossed"]:
        yield f"crossed {order_id} {trade_id}"
    yield f"taker {d['taker']}"


MARKET_FORM: form.Form[MarketState] = form.Form(
    capture=capture,
    rebuild=rebuild,
    facts=facts,
    size=lambda market: len(market.orders) + len(market.positions),
    code=(book, evolve, events, fees, quantities, state, stops, vocabulary, sys.modules[__name__]),
    history=True,
)
