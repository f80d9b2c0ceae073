"""The order book beside others from the package index, on the same seeded streams in one run.

Ours decides every order against all rules, keeps accounts, positions and reservations, makes its events and
applies them; the peers match, and a bare loop matches whole numbers. What is timed begins with plain numbers,
so it includes making the order objects, for everybody who has any, in processor time, with the garbage
collector off as in :mod:`timeit`. All must report equal fills.

Two streams: ``trading``, in which nearly every order meets others, and ``quoting``, which has the proportions
of recorded prediction-market flow: as many cancels as orders, and one order in thirty crosses.
"""

import gc
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from random import Random
from typing import Any, NamedTuple

from domain.decider import execute
from domain.fees import FREE, FeeSchedule, fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.aggregate import MARKET
from domain.market.commands import ActivateMarket, CancelOrder, CreateMarket, PlaceOrder
from domain.market.events import TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import BUY, NO, YES
from domain.quantities import Money, Quantity, Ticks

SEED = 20_260_101
REPETITIONS = 5
ACCOUNTS = 50
TICKER = Ticker("BENCH")
FEES = fee_schedule(maker=fee_rate(quadratic_bps=175), taker=fee_rate(quadratic_bps=700))
PLENTY = Money(10**12)
WHOLE_TICKS = 10_000


class Step(NamedTuple):
    """An order at a yes price for a quantity, or the cancel of an earlier one (quantity 0)."""

    number: int
    buys: bool
    ticks: int
    quantity: int


Fill = tuple[int, int, int, int]
"""Number of the incoming order, number of the resting one, ticks, quantity."""

Contender = Callable[[Sequence[Step]], list[Fill]]


def run(n: int = 100_000) -> dict[str, Any]:
    """Measure each stream with ``n`` orders and cancels."""
    absent: set[str] = set()
    conditions: dict[str, Any] = {"seed": SEED, "repetitions": REPETITIONS}
    ours: dict[str, int] = {}
    peers: dict[str, dict[str, int]] = {}
    ratios: dict[str, float] = {}
    for name, (cancels, crossing) in STREAMS.items():
        steps = stream(n, cancels=cancels, crossing=crossing)
        rates, fills = _measure(steps, absent)
        conditions[name] = {"cancels": sum(not step.quantity for step in steps), "fills": fills}
        ours[f"{name}_orders_per_s"] = round(rates.pop("ours"))
        ours[f"{name}_with_fees_orders_per_s"] = round(rates.pop("ours_with_fees"))
        for peer, rate in rates.items():
            peers.setdefault(peer, {})[f"{name}_orders_per_s"] = round(rate)
            ratios[f"{peer}_{name}"] = round(ours[f"{name}_orders_per_s"] / rate, 2)
    conditions["absent"] = sorted(absent)
    return {
        "bench": "book",
        "n": n,
        "conditions": conditions,
        "ours": ours,
        "peers": peers,
        "ratios": ratios,
    }


STREAMS = {"trading": (0.1, 0.5), "quoting": (0.5, 0.03)}
"""How many steps are cancels, and how many orders are priced to cross."""


def _measure(steps: Sequence[Step], absent: set[str]) -> tuple[dict[str, float], int]:
    """Return the median steps a second of each contender that is installed, and how many fills there were."""
    contenders: dict[str, Contender] = {"ours": _ours, "ours_with_fees": _ours_with_fees, **PEERS}
    expected = _ours(steps)
    rates: dict[str, list[float]] = {}
    for _ in range(REPETITIONS):
        for name in [name for name in contenders if name not in absent]:
            try:
                took, fills = _timed(contenders[name], steps)
            except ImportError:
                absent.add(name)
                continue
            assert fills == expected, f"{name} fills otherwise"
            rates.setdefault(name, []).append(len(steps) / took)
    return {name: statistics.median(measured) for name, measured in rates.items()}, len(expected)


def _timed(contender: Contender, steps: Sequence[Step]) -> tuple[float, list[Fill]]:
    gc.collect()
    gc.disable()
    try:
        begin = time.process_time()
        fills = contender(steps)
        return time.process_time() - begin, fills
    finally:
        gc.enable()


def stream(n: int, *, cancels: float, crossing: float) -> list[Step]:
    """Return a seeded stream: orders around a wandering price on a grid of cents, cancels of open ones."""
    random = Random(SEED)
    market = _opened(FREE)
    steps: list[Step] = []
    numbers: list[int] = []
    middle = 50.0
    for number in range(n):
        middle = min(80.0, max(20.0, middle + random.uniform(-0.2, 0.2)))
        gone = _open_order(random, numbers, market) if random.random() < cancels else None
        if gone is not None:
            step = Step(gone, buys=False, ticks=0, quantity=0)
        else:
            buys = random.random() < 0.5
            away = random.expovariate(0.3) * (-1 if random.random() < crossing else 1)
            cents = round(middle - away if buys else middle + away)
            step = Step(number, buys, 100 * min(99, max(1, cents)), random.randint(1, 100))
            numbers.append(number)
        _decide(market, step)
        steps.append(step)
    return steps


def _open_order(random: Random, numbers: list[int], market: MarketState) -> int | None:
    """Return an order that is still open, forgetting on the way those that are not."""
    while numbers:
        index = random.randrange(len(numbers))
        numbers[index], numbers[-1] = numbers[-1], numbers[index]
        number = numbers.pop()
        if OrderId(f"o{number}") in market.orders:
            return number
    return None


# ---------------------------------------------------------------------------------------------- ours

BUYERS = [AccountId(f"buyer-{number}") for number in range(ACCOUNTS)]
SELLERS = [AccountId(f"seller-{number}") for number in range(ACCOUNTS)]


def _ours(steps: Sequence[Step]) -> list[Fill]:
    return _through_market(steps, FREE)


def _ours_with_fees(steps: Sequence[Step]) -> list[Fill]:
    return _through_market(steps, FEES)


def _through_market(steps: Sequence[Step], fees: FeeSchedule) -> list[Fill]:
    state = _opened(fees)
    trades = [event for step in steps for event in _decide(state, step) if type(event) is TradeExecuted]
    return [
        (int(t.taker.order_id[1:]), int(t.maker.order_id[1:]), t.price_ticks, t.quantity // 100)
        for t in trades
    ]


def _opened(fees: FeeSchedule) -> MarketState:
    state = MARKET.initial()
    execute(MARKET, state, CreateMarket(ticker=TICKER, title="", fees=fees), 0)
    execute(MARKET, state, ActivateMarket(), 0)
    return state


def _decide(state: MarketState, step: Step) -> list[Any]:
    """Have the market decide a step. Sellers enter as buyers of no, as nobody holds shares to begin with."""
    number, buys, ticks, quantity = step
    account_id = (BUYERS if buys else SELLERS)[number % ACCOUNTS]
    order_id = OrderId(f"o{number}")
    command: PlaceOrder | CancelOrder
    if quantity:
        command = PlaceOrder(
            order_id=order_id,
            account_id=account_id,
            side=YES if buys else NO,
            action=BUY,
            quantity=Quantity(quantity * 100),
            price_ticks=Ticks(ticks if buys else 10_000 - ticks),
            reserved=PLENTY,
        )
    else:
        command = CancelOrder(order_id=order_id, account_id=state.orders[order_id].account_id)
    events, refused = execute(MARKET, state, command, 0)
    assert refused is None, refused
    return events


# --------------------------------------------------------------------------------------------- peers


def _pyorderbook(steps: Sequence[Step]) -> list[Fill]:
    handlers = list(logging.root.handlers)
    peer: Any = import_module("pyorderbook")
    logging.root.handlers[:] = handlers  # importing it sets up logging for the whole program

    book = peer.Book()
    orders: dict[int, Any] = {}
    numbers: dict[Any, int] = {}
    fills: list[Fill] = []
    for number, buys, ticks, quantity in steps:
        if not quantity:
            book.cancel(orders[number])
            continue
        order = (peer.bid if buys else peer.ask)(TICKER, ticks, quantity)
        orders[number], numbers[order.id] = order, number
        fills.extend(
            (number, numbers[trade.standing_order_id], int(trade.fill_price), trade.fill_quantity)
            for trade in book.match(order).trades
        )
    return fills


def _lightmatchingengine(steps: Sequence[Step]) -> list[Fill]:
    peer: Any = import_module("lightmatchingengine.lightmatchingengine")

    engine = peer.LightMatchingEngine()
    ids: dict[int, int] = {}
    numbers: dict[int, int] = {}
    fills: list[Fill] = []
    for number, buys, ticks, quantity in steps:
        if not quantity:
            engine.cancel_order(ids[number], TICKER)
            continue
        way = peer.Side.BUY if buys else peer.Side.SELL
        order, trades = engine.add_order(TICKER, ticks, quantity, way)
        ids[number], numbers[order.order_id] = order.order_id, number
        fills.extend(
            (number, numbers[trade.order_id], trade.trade_price, trade.trade_qty)
            for trade in trades
            if trade.trade_side != way
        )
    return fills


def _liquibook(steps: Sequence[Step]) -> list[Fill]:
    liquibook: Any = import_module("liquibook")
    fills: list[Fill] = []
    numbers: dict[int, int] = {}

    class Listener(liquibook.OrderListener):  # type: ignore[misc]  # not known to the type checker
        def on_accept(self, order: Any) -> None:
            order.accept()

        def on_cancel(self, order: Any) -> None:
            order.cancel()

        def on_fill(self, incoming: Any, resting: Any, quantity: int, price: int) -> None:
            incoming.fill(quantity, price, 0)
            resting.fill(quantity, price, 0)
            fills.append((numbers[incoming.order_id_], numbers[resting.order_id_], price, quantity))

    book = liquibook.DepthOrderBook(TICKER)
    listener = Listener()
    book.set_order_listener(listener)
    orders: dict[int, Any] = {}
    for number, buys, ticks, quantity in steps:
        if not quantity:
            book.cancel(orders[number])
            continue
        order = orders[number] = liquibook.SimpleOrder(buys, ticks, quantity)
        numbers[order.order_id_] = number
        book.add(order)
    return fills


def _bare_loop(steps: Sequence[Step]) -> list[Fill]:
    """Match with bare whole numbers: as fast as Python can, without an object, a rule or an event."""
    queues: tuple[list[dict[int, int]], list[dict[int, int]]] = (_empty_queues(), _empty_queues())
    levels = [0, 0]  # bids, offers: a bit for each level that holds, or held, something
    found: dict[int, dict[int, int]] = {}
    fills: list[Fill] = []
    for number, buys, ticks, quantity in steps:
        if not quantity:
            del found.pop(number)[number]
            continue
        left = quantity
        against = queues[buys]
        while left and (others := levels[buys]):
            best = (others & -others if buys else others).bit_length() - 1
            if best > ticks if buys else best < ticks:
                break
            queue = against[best]
            for resting in list(queue):
                there = queue[resting]
                if there > left:
                    queue[resting] = there - left
                    fills.append((number, resting, best, left))
                    left = 0
                    break
                fills.append((number, resting, best, there))
                left -= there
                del queue[resting], found[resting]
                if not left:
                    break
            if not queue:
                levels[buys] ^= 1 << best
        if left:
            queue = found[number] = queues[not buys][ticks]
            queue[number] = left
            levels[not buys] |= 1 << ticks
    return fills


def _empty_queues() -> list[dict[int, int]]:
    return [{} for _ in range(WHOLE_TICKS + 1)]


PEERS: dict[str, Contender] = {
    "bare loop": _bare_loop,
    "pyorderbook": _pyorderbook,
    "lightmatchingengine": _lightmatchingengine,
    "liquibook": _liquibook,
}
