"""The order book beside others from the package index, on one seeded stream in one run.

Ours decides every order, makes its events and applies them; the peers only match. What is timed begins with
plain numbers, so it includes making the order objects, for everybody alike. All must report equal fills.
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
from domain.fees import FREE, FeeRate, FeeSchedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.aggregate import MARKET
from domain.market.commands import ActivateMarket, CancelOrder, CreateMarket, PlaceOrder
from domain.market.events import TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

SEED = 20_260_101
REPETITIONS = 5
ACCOUNTS = 50
TICKER = Ticker("BENCH")
FEES = FeeSchedule(maker=FeeRate(quadratic_bps=175), taker=FeeRate(quadratic_bps=700))


class Step(NamedTuple):
    """An order at a yes price in cents for a quantity, or the cancel of an earlier one (quantity 0)."""

    number: int
    buys: bool
    cents: int
    quantity: int


Fill = tuple[int, int, int, int]
"""Number of the incoming order, number of the resting one, cents, quantity."""

Contender = Callable[[Sequence[Step]], list[Fill]]


def run(n: int = 100_000) -> dict[str, Any]:
    """Measure with ``n`` orders and cancels."""
    steps = stream(n)
    contenders: dict[str, Contender] = {"ours": _ours, "ours_with_fees": _ours_with_fees} | PEERS
    expected = _ours(steps)
    rates: dict[str, list[float]] = {}
    absent = []
    for _ in range(REPETITIONS):
        for name, contender in list(contenders.items()):
            try:
                took, fills = _timed(contender, steps)
            except ImportError:
                del contenders[name]
                absent.append(name)
                continue
            assert fills == expected, f"{name} fills otherwise"
            rates.setdefault(name, []).append(n / took)
    medians = {name: statistics.median(measured) for name, measured in rates.items()}
    return {
        "bench": "book",
        "n": n,
        "conditions": {
            "seed": SEED,
            "cancels": sum(not step.quantity for step in steps),
            "fills": len(expected),
            "repetitions": REPETITIONS,
            "absent": absent,
        },
        "ours": {
            "orders_per_s": round(medians["ours"]),
            "orders_per_s_with_fees": round(medians["ours_with_fees"]),
        },
        "peers": {name: {"orders_per_s": round(medians[name])} for name in PEERS if name in medians},
        "ratios": {name: round(medians["ours"] / medians[name], 2) for name in PEERS if name in medians},
    }


def stream(n: int) -> list[Step]:
    """Return the seeded stream: orders around a wandering price, some that cross, cancels of open ones."""
    random = Random(SEED)
    market = _opened(FREE)
    steps: list[Step] = []
    numbers: list[int] = []
    middle = 50.0
    for number in range(n):
        middle = min(80.0, max(20.0, middle + random.uniform(-0.2, 0.2)))
        if random.random() < 0.3 and (gone := _open_order(random, numbers, market)) is not None:
            step = Step(gone, buys=False, cents=0, quantity=0)
        else:
            buys = random.random() < 0.5
            away = random.expovariate(0.3) if random.random() < 0.7 else -random.expovariate(0.5)
            cents = round(middle - away if buys else middle + away)
            step = Step(number, buys, min(99, max(1, cents)), random.randint(1, 100))
            numbers.append(number)
        _decide(market, step)
        steps.append(step)
    return steps


def _open_order(random: Random, numbers: list[int], market: MarketState) -> int | None:
    """Return one of the latest orders that is still open, forgetting those that are not."""
    while len(numbers) > 0:
        index = random.randrange(max(0, len(numbers) - 1_000), len(numbers))
        numbers[index], numbers[-1] = numbers[-1], numbers[index]
        number = numbers.pop()
        if OrderId(f"o{number}") in market.orders:
            return number
    return None


def _timed(contender: Contender, steps: Sequence[Step]) -> tuple[float, list[Fill]]:
    gc.collect()
    begin = time.perf_counter()
    fills = contender(steps)
    return time.perf_counter() - begin, fills


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
        (int(t.taker.order_id[1:]), int(t.maker.order_id[1:]), t.price_ticks // 100, t.quantity // 100)
        for t in trades
    ]


def _opened(fees: FeeSchedule) -> MarketState:
    state = MARKET.initial()
    execute(MARKET, state, CreateMarket(ticker=TICKER, title="", fees=fees), 0)
    execute(MARKET, state, ActivateMarket(), 0)
    return state


def _decide(state: MarketState, step: Step) -> list[Any]:
    """Have the market decide a step. Sellers enter as buyers of no, as nobody holds shares to begin with."""
    number = step.number
    command: PlaceOrder | CancelOrder
    if not step.quantity:
        order_id = OrderId(f"o{number}")
        command = CancelOrder(order_id=order_id, account_id=state.orders[order_id].account_id)
    elif step.buys:
        command = PlaceOrder(
            order_id=OrderId(f"o{number}"),
            account_id=BUYERS[number % ACCOUNTS],
            side=Side.YES,
            action=Action.BUY,
            quantity=Quantity(step.quantity * 100),
            price_ticks=Ticks(step.cents * 100),
            reserved=PLENTY,
        )
    else:
        command = PlaceOrder(
            order_id=OrderId(f"o{number}"),
            account_id=SELLERS[number % ACCOUNTS],
            side=Side.NO,
            action=Action.BUY,
            quantity=Quantity(step.quantity * 100),
            price_ticks=Ticks(10_000 - step.cents * 100),
            reserved=PLENTY,
        )
    events, refused = execute(MARKET, state, command, 0)
    assert refused is None, refused
    return events


PLENTY = Money(10**12)

# --------------------------------------------------------------------------------------------- peers


def _pyorderbook(steps: Sequence[Step]) -> list[Fill]:
    handlers = list(logging.root.handlers)
    peer: Any = import_module("pyorderbook")
    logging.root.handlers[:] = handlers  # importing it sets up logging for the whole program

    book = peer.Book()
    orders: dict[int, Any] = {}
    numbers: dict[Any, int] = {}
    fills: list[Fill] = []
    for step in steps:
        if not step.quantity:
            book.cancel(orders[step.number])
            continue
        order = (peer.bid if step.buys else peer.ask)(TICKER, step.cents, step.quantity)
        orders[step.number], numbers[order.id] = order, step.number
        fills.extend(
            (step.number, numbers[trade.standing_order_id], int(trade.fill_price), trade.fill_quantity)
            for trade in book.match(order).trades
        )
    return fills


def _lightmatchingengine(steps: Sequence[Step]) -> list[Fill]:
    peer: Any = import_module("lightmatchingengine.lightmatchingengine")
    engine = peer.LightMatchingEngine()
    ids: dict[int, int] = {}
    numbers: dict[int, int] = {}
    fills: list[Fill] = []
    for step in steps:
        if not step.quantity:
            engine.cancel_order(ids[step.number], TICKER)
            continue
        way = peer.Side.BUY if step.buys else peer.Side.SELL
        order, trades = engine.add_order(TICKER, step.cents, step.quantity, way)
        ids[step.number], numbers[order.order_id] = order.order_id, step.number
        fills.extend(
            (step.number, numbers[trade.order_id], trade.trade_price, trade.trade_qty)
            for trade in trades
            if trade.trade_side != way
        )
    return fills


def _liquibook(steps: Sequence[Step]) -> list[Fill]:
    liquibook: Any = import_module("liquibook")
    fills: list[Fill] = []

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
    numbers: dict[int, int] = {}
    for step in steps:
        if not step.quantity:
            book.cancel(orders[step.number])
            continue
        order = orders[step.number] = liquibook.SimpleOrder(step.buys, step.cents, step.quantity)
        numbers[order.order_id_] = step.number
        book.add(order)
    return fills


PEERS: dict[str, Contender] = {
    "pyorderbook": _pyorderbook,
    "lightmatchingengine": _lightmatchingengine,
    "liquibook": _liquibook,
}
