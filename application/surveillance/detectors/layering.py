"""Large orders at several levels that go as soon as a small one on the other side has traded."""

from collections import OrderedDict, deque
from statistics import median

from application.surveillance.detectors.detector import PAIRS, Detector, Found
from application.surveillance.finding import EVIDENCE, Finding
from application.surveillance.flow import ASK, BID, Order, Ref, Trade
from application.surveillance.memory import Counts, Latest
from application.surveillance.rules import Rule

ORDERS = 200
"""How many of an account's open orders in a market are looked at, the latest."""

SIZES = 500
"""Over how many orders of a market the median is taken, the latest."""

_TIMES = 0
_SIDES = {BID: 1, ASK: 2}


class _Layers:
    """Large orders on one side when one on the other side traded."""

    def __init__(self, fill: Ref, at_us: int, orders: dict[str, Order]) -> None:
        self.fill = fill
        self.at_us = at_us
        self.levels = len({order.price for order in orders.values()})
        self.open = set(orders)
        self.quantity = sum(order.quantity for order in orders.values())
        self.placed = [order.ref for order in orders.values()]
        self.canceled = 0
        self.cancellations: list[Ref] = []
        self.counted = False


class _Seen:
    def __init__(self, window_us: int) -> None:
        self.orders: OrderedDict[str, Order] = OrderedDict()
        self.layers: deque[_Layers] = deque(maxlen=2)
        self.counts = Counts(window_us, 3)
        self.evidence: deque[Ref] = deque(maxlen=EVIDENCE)


class Layering(Detector):
    """``threshold`` times, layers on one side went within ``within_ms`` of a trade on the other side.

    Layers are orders at ``levels`` prices or more, each ``times_median`` what others' orders are. In the
    window the account placed ``times_other_side`` as much on their side as on the other: who makes a market
    places as much on both. ``canceled_percent`` of the layers have to go.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._p = rule.parameters
        self._within_us = rule.parameters["within_ms"] * 1_000
        self._seen = Latest[tuple[str, str], _Seen](PAIRS, lambda: _Seen(rule.window_us))
        self._sizes = Latest[str, deque[tuple[int, str, int]]](PAIRS, lambda: deque(maxlen=SIZES))

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return self._seen.forgotten

    def placed(self, order: Order) -> Found:
        """Take note of an order and its size."""
        self._sizes.at(order.market).append((order.at_us, order.account, order.quantity))
        seen = self._seen.at((order.market, order.account))
        seen.counts.add(order.at_us, _SIDES[order.side], order.quantity)
        orders = seen.orders
        orders[order.id] = order
        orders.move_to_end(order.id)
        while len(orders) > ORDERS or next(iter(orders.values())).at_us < order.at_us - self.rule.window_us:
            orders.popitem(last=False)
        yield from ()

    def traded(self, trade: Trade) -> Found:
        """See whether either side of a trade has layers on its other side."""
        for account, side in ((trade.maker, -trade.side), (trade.taker, trade.side)):
            seen = self._seen.get((trade.market, account))
            if seen is not None and len(seen.orders) >= self._p["levels"]:
                self._look(seen, trade, account, side)
        yield from ()

    def _look(self, seen: _Seen, trade: Trade, account: str, side: int) -> None:
        if seen.layers and trade.at_us - seen.layers[-1].at_us <= self._within_us:
            return  # one order may trade many times
        seen.counts.add(trade.at_us, _TIMES, 0)  # what is older than the window no longer counts
        layered, other = seen.counts.totals[_SIDES[-side]], seen.counts.totals[_SIDES[side]]
        if layered < self._p["times_other_side"] * other:
            return  # nearly everybody: what follows looks at hundreds of orders
        since = trade.at_us - self.rule.window_us
        known = [order for order in seen.orders.values() if order.at_us >= since]
        opposite = [order for order in known if order.side != side]
        if len({order.price for order in opposite}) < self._p["levels"]:
            return
        others = [q for at, who, q in self._sizes.at(trade.market) if who != account and at >= since]
        least = self._p["times_median"] * median(others) if others else 0
        layers = {
            order.id: order for order in opposite if order.quantity >= least and order.filled < order.quantity
        }
        if len({order.price for order in layers.values()}) < self._p["levels"]:
            return
        seen.layers.append(_Layers(trade.ref, trade.at_us, layers))

    def canceled(self, order: Order, at_us: int, ref: Ref) -> Found:
        """See whether layers are gone with this order."""
        seen = self._seen.get((order.market, order.account))
        if seen is None:
            return
        seen.orders.pop(order.id, None)
        for layers in seen.layers:
            if order.id not in layers.open or at_us - layers.at_us > self._within_us:
                continue
            layers.open.discard(order.id)
            layers.canceled += order.quantity
            layers.cancellations.append(ref)
            gone = layers.canceled * 100 >= layers.quantity * self._p["canceled_percent"]
            if layers.counted or not gone:
                continue
            layers.counted = True
            seen.counts.add(at_us, _TIMES)
            seen.evidence += (*layers.placed[-6:], layers.fill, *layers.cancellations[-6:])
            if seen.counts.totals[_TIMES] >= self.rule.threshold and self.is_news(
                order.market, (order.account,), at_us
            ):
                yield self._finding(seen, layers, order, at_us)

    def _finding(self, seen: _Seen, layers: _Layers, order: Order, at_us: int) -> Finding:
        return Finding(
            rule=self.rule,
            market=order.market,
            accounts=(order.account,),
            at_us=at_us,
            value=seen.counts.totals[_TIMES],
            figures={
                "levels": layers.levels,
                "layered_quantity": layers.quantity,
                "canceled_quantity": layers.canceled,
                "canceled_after_ms": (at_us - layers.at_us) // 1_000,
            },
            explanation=(
                f"large orders at {layers.levels} levels were taken off within "
                f"{(at_us - layers.at_us) // 1_000} ms of a trade on the other side"
            ),
            evidence=tuple(seen.evidence),
        )
