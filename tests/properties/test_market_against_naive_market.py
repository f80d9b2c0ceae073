"""The market does what an obviously correct, slow one does, command by command."""

import os
from collections.abc import Iterator
from random import Random

import pytest

from domain.decider import execute
from domain.market import commands as c
from domain.market import events as e
from domain.market import matching, trading
from domain.market.aggregate import MARKET
from domain.market.evolve import evolve
from domain.market.invariants import market_violations
from domain.market.state import MarketState
from domain.market.vocabulary import EndReason, FillKind, Result, Side
from domain.rejections import Reason, Rejected
from tests.properties.naive_market import NaiveMarket, digest_of
from tests.properties.order_streams import OrderStream, listing

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = 1_000 if SOAK else 50
COMMANDS = 1_000 if SOAK else 420
"""More than 300 lives of 300 steps under soak, and 50 in every run."""


def opened(random: Random) -> tuple[MarketState, NaiveMarket, list[e.MarketEvent]]:
    """Return the same new market twice, and the events so far."""
    created = listing(random)
    conditional = random.random() < 0.3
    state = MARKET.initial()
    setup: list[c.MarketCommand] = [created]
    if conditional:
        setup.append(c.LinkCondition(parent="P", required=Result.YES, ancestors=("P",)))
    setup.append(c.ActivateMarket())
    events: list[e.MarketEvent] = []
    for command in setup:
        happened, refused = execute(MARKET, state, command, 0)
        assert refused is None
        events += happened
    naive = NaiveMarket(
        fees=created.fees,
        tick=created.tick_size_ticks,
        lowest=created.price_min_ticks,
        highest=created.price_max_ticks,
        smallest=created.quantity_min,
        step=created.quantity_step,
        most=created.position_limit,
        conditional=conditional,
        revision=state.revision,
    )
    return state, naive, events


def plain(events: list[e.MarketEvent]) -> Iterator[tuple[object, ...]]:
    """Say in the naive market's words what the events say."""
    for event in events:
        match event:
            case e.OrderPlaced():
                terms = event.terms
                yield "placed", event.order_id, terms.quantity, terms.price_ticks, event.reserved
            case e.TradeExecuted():
                maker, taker = event.maker, event.taker
                legs = ((leg.fee, leg.reserved, leg.locked) for leg in (maker, taker))
                price, quantity = event.price_ticks, event.quantity
                yield "fill", maker.order_id, taker.order_id, price, quantity, event.kind, *legs
            case e.PairsRedeemed():
                yield "redeemed", event.account_id, event.quantity, event.payout, event.locked
            case e.OrderCanceled():
                yield "off", event.order_id, event.quantity, event.reason
            case e.OrderDecreased():
                yield "decreased", event.order_id, event.quantity, event.reserved
            case e.OrderAmended():
                yield "amended", event.order_id, event.remaining, event.price_ticks, event.reserved
            case e.OrderRenamed():
                yield "renamed", event.order_id, event.client_order_id
            case e.StopTriggered():
                yield "triggered", event.order_id, event.last_price_ticks
            case e.MarketPaused():
                yield ("paused",)
            case e.MarketResumed():
                yield ("resumed",)
            case e.TickSizeChanged():
                yield "tick", event.tick_size_ticks
            case e.OrderGroupBounded():
                yield "told", event.order_group_id, event.version, event.closed_at, event.allowance
            case e.MatchingContinued():
                pass  # the naive market has no need of steps
            case _:
                raise AssertionError(event)


def facts(state: MarketState) -> Iterator[tuple[object, ...]]:
    """State in the naive market's words what stands."""
    yield str(state.status), state.tick_size, state.outstanding, state.trades, state.volume, state.last_price
    for account, p in sorted(state.positions.items()):
        if p.yes or p.no or p.paid or p.fees:
            yield account, p.yes, p.no, p.paid, p.fees
    for o in state.orders.values():
        money = o.reserved, o.fee_accrued, o.fee_charged
        waits = o.order_id in state.stops
        yield o.order_id, o.account_id, o.client_order_id, o.price_ticks, o.remaining, o.filled, *money, waits
    for name, g in sorted(state.order_groups.items()):
        if g.allowance:
            yield name, g.round, g.version, g.closed_at, g.allowance, g.filled
    for side in Side:
        yield tuple(o.order_id for level in state.book.ladder(side).down_from_best() for o in level)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_market_does_what_a_naive_one_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    if seed % 2:
        # Small steps, so that most of what is long is done in several.
        monkeypatch.setattr(matching, "STEP", random.randint(1, 4))
        monkeypatch.setattr(trading, "BATCH", random.randint(1, 3))
    state, naive, events = opened(random)
    stream = OrderStream(random, naive)
    now = 0
    for number in range(COMMANDS):
        now += random.randint(0, 8)
        command = stream.next(now)
        where = f"seed {seed}, command {number}: {command}"
        expected, reason = naive.execute(command, now)
        happened, refused = carried_out(state, command, now)
        events += happened
        naive.revision = state.revision
        assert (refused.reason if refused else None) == reason, where
        assert list(plain(happened)) == expected, where
        for side in Side:
            assert state.book.depth(side) == naive.depth(side), where
        assert digest_of(facts(state)) == naive.digest(), (
            f"{where} {list(facts(state))} {list(naive.facts())}"
        )
    assert list(market_violations(state)) == []
    assert replayed(events).digest() == state.digest(), f"seed {seed}"


def carried_out(
    state: MarketState, command: c.MarketCommand, now: int
) -> tuple[list[e.MarketEvent], Rejected | None]:
    """Carry out a command, and one that takes off a batch of orders again until all are gone."""
    happened, refused = execute(MARKET, state, command, now)
    while isinstance(command, c.CancelOrders) and any(state.orders_of(command.account_id)):
        happened += execute(MARKET, state, command, now)[0]
    return happened, refused


def replayed(events: list[e.MarketEvent]) -> MarketState:
    state = MARKET.initial()
    for event in events:
        evolve(state, event)
    return state


REFUSALS = {
    Reason.INVALID_QUANTITY,
    Reason.INVALID_PRICE,
    Reason.INVALID_ORDER,
    Reason.ORDER_NOT_FOUND,
    Reason.ORDER_EXISTS,
    Reason.MARKET_PAUSED,
    Reason.MARKET_VERSION_CHANGED,
    Reason.ORDER_GROUP_TRIGGERED,
    Reason.TOO_LATE,
    Reason.TRANSITION_NOT_ALLOWED,
    Reason.PRICE_OFF_TICK,
    Reason.PRICE_OUT_OF_RANGE,
    Reason.QUANTITY_OFF_STEP,
    Reason.POSITION_LIMIT,
    Reason.INSUFFICIENT_SHARES,
    Reason.REDUCE_ONLY,
    Reason.RESERVATION_TOO_SMALL,
    Reason.POST_ONLY_WOULD_CROSS,
    Reason.FILL_OR_KILL,
    Reason.MAX_COST_EXCEEDED,
}

ENDS = {
    EndReason.ORDER_GROUP,
    EndReason.REDUCE_ONLY,
    EndReason.PAIRS_REDEEMED,
    EndReason.REQUESTED,
    EndReason.IMMEDIATE,
    EndReason.FILL_OR_KILL,
    EndReason.EXPIRED,
    EndReason.SELF_TRADE,
    EndReason.MARKET_PAUSED,
}


def test_the_streams_reach_every_kind_of_outcome() -> None:
    """A property over streams is worth what the streams contain."""
    seen: set[object] = set()
    for seed in range(30):
        random = Random(seed)
        state, naive, _ = opened(random)
        stream = OrderStream(random, naive)
        for now in range(0, 4 * 420, 4):
            command = stream.next(now)
            naive.execute(command, now)
            happened, refused = execute(MARKET, state, command, now)
            seen.add(refused.reason if refused else None)
            seen.update(type(event) for event in happened)
            seen.update(event.kind for event in happened if isinstance(event, e.TradeExecuted))
            seen.update(event.reason for event in happened if isinstance(event, e.OrderCanceled))
    assert (REFUSALS | ENDS | set(FillKind) | {e.PairsRedeemed}) - seen == set()
