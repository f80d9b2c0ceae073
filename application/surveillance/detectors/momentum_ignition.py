"""A price that is pushed, and sold to those who run after it."""

from collections import deque
from typing import NamedTuple

from application.surveillance.detectors.detector import PAIRS, Detector, Found
from application.surveillance.finding import EVIDENCE, Finding
from application.surveillance.flow import Order, Ref, Trade
from application.surveillance.memory import Latest
from application.surveillance.rules import Rule

TAKES = 200
"""How many of an account's trades in a market are looked at, the latest."""

MARKET_TAKES = 2_000
"""How many trades of a market are looked at to tell an account's share of them."""


class _Take(NamedTuple):
    """A trade by the one who took: the price of the trade before it stands beside its own."""

    at_us: int
    account: str
    side: int
    price_before: int
    price: int
    quantity: int
    ref: Ref


class _Push:
    """A price that was pushed, and what was traded the other way since."""

    def __init__(self, takes: list[_Take], moved: int) -> None:
        self.side = takes[-1].side
        self.at_us = takes[-1].at_us
        self.moved = moved
        self.takes = len({take.at_us for take in takes})
        self.quantity = sum(take.quantity for take in takes)
        self.price_before = takes[0].price_before
        self.refs = tuple(take.ref for take in takes[-EVIDENCE // 2 :])
        self.back = 0
        self.back_money = 0
        self.back_refs: deque[Ref] = deque(maxlen=EVIDENCE // 2)


class _Seen:
    def __init__(self) -> None:
        self.takes: deque[_Take] = deque(maxlen=TAKES)
        self.sides: deque[tuple[int, int]] = deque(maxlen=TAKES)
        self.push: _Push | None = None


class MomentumIgnition(Detector):
    """``threshold`` trades moved the price by ``moved_ticks``, and what they gathered was traded back dearer.

    The account made ``share_percent`` of what was taken on that side meanwhile, and no more than
    ``other_side_percent`` of its orders were on the other one: who makes a market is on both. Within
    ``reversed_within_s`` of the last push ``reversed_percent`` went the other way, on average at a price that
    was better than before the push.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._p = rule.parameters
        self._reversed_us = rule.parameters["reversed_within_s"] * 1_000_000
        self._seen = Latest[tuple[str, str], _Seen](PAIRS, _Seen)
        self._market = Latest[str, deque[_Take]](PAIRS, lambda: deque(maxlen=MARKET_TAKES))

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return self._seen.forgotten

    def placed(self, order: Order) -> Found:
        """Take note of the side of an order."""
        self._seen.at((order.market, order.account)).sides.append((order.at_us, order.side))
        yield from ()

    def traded(self, trade: Trade) -> Found:
        """See whether a trade pushes, or trades back what a push gathered."""
        takes = self._market.at(trade.market)
        known = bool(takes) and takes[-1].at_us >= trade.at_us - self.rule.window_us
        before = takes[-1].price if known else trade.price
        take = _Take(trade.at_us, trade.taker, trade.side, before, trade.price, trade.quantity, trade.ref)
        takes.append(take)
        self._push(self._seen.at((trade.market, trade.taker)), take, takes)
        for account, side in ((trade.taker, trade.side), (trade.maker, -trade.side)):
            seen = self._seen.get((trade.market, account))
            if seen is not None and seen.push is not None:
                yield from self._back(seen.push, trade, account, side)

    def _push(self, seen: _Seen, take: _Take, market: deque[_Take]) -> None:
        seen.takes.append(take)
        since = take.at_us - self.rule.window_us
        while seen.takes[0].at_us < since:
            seen.takes.popleft()
        if len(seen.takes) < self.rule.threshold:
            return
        own = [each for each in seen.takes if each.side == take.side]
        moved = (take.price - own[0].price_before) * take.side
        if len(own) < self.rule.threshold or moved < self._p["moved_ticks"]:
            return
        if len({each.at_us for each in own}) < self.rule.threshold:
            return
        pushed = sum(each.quantity for each in own)
        first = own[0].at_us
        sides = [side for at, side in seen.sides if at >= first]
        if (len(sides) - sides.count(take.side)) * 100 > len(sides) * self._p["other_side_percent"]:
            return
        everybody = sum(each.quantity for each in market if each.at_us >= first and each.side == take.side)
        if pushed * 100 >= everybody * self._p["share_percent"]:
            seen.push = _Push(own, moved)

    def _back(self, push: _Push, trade: Trade, account: str, side: int) -> Found:
        if side == push.side or trade.at_us - push.at_us > self._reversed_us:
            return
        push.back += trade.quantity
        push.back_money += trade.quantity * trade.price
        push.back_refs.append(trade.ref)
        better = (push.back_money - push.price_before * push.back) * push.side > 0
        enough = push.back * 100 >= push.quantity * self._p["reversed_percent"]
        if better and enough and self.is_news(trade.market, (account,), trade.at_us):
            yield Finding(
                rule=self.rule,
                market=trade.market,
                accounts=(account,),
                at_us=trade.at_us,
                value=push.takes,
                figures={
                    "moved_ticks": push.moved,
                    "pushed_quantity": push.quantity,
                    "traded_back_quantity": push.back,
                    "traded_back_after_s": (trade.at_us - push.at_us) // 1_000_000,
                },
                explanation=(
                    f"{push.takes} orders moved the price by {push.moved} ticks, and "
                    f"{push.back * 100 // push.quantity} % of what they gathered was "
                    "traded back at what that made of it"
                ),
                evidence=(*push.refs, *push.back_refs),
            )
