"""One runner's prices: what the feed says rests and has traded, as orders that make it so.

The feed gives new totals, not orders. Each message is followed in three steps: levels that fell are
taken, as far as the message also reports trades at their odds, and otherwise canceled; trades that no
level accounts for are made by an order and its taker where they fit between the best prices; levels
that rose are added. A level that would cross is held back until it no longer does, so a momentarily
crossed feed trades nothing. While trading is suspended levels only fall.
"""

from collections.abc import Iterator

from adapters.recordings.betfair_odds import contracts_of, ticks_of
from application.replay.flow import (
    AddOrder,
    BookSide,
    CancelAtLevel,
    Direction,
    Instruction,
    TakeOrder,
    UnplacedTrade,
)
from domain.quantities import PAYOUT_TICKS

BACKERS, LAYERS, TAKERS = "backers", "layers", "takers"

_SIDES: tuple[BookSide, ...] = ("bid", "ask")
_STAKES_COUNTED = 2  # the feed counts a matched bet's stake once for the backer and once for the layer


class RunnerLadder:
    """Follows one runner; ``refs`` supplies the names of its orders."""

    def __init__(self, market: str, refs: Iterator[int]) -> None:
        self.market = market
        self._refs = refs
        self._told: dict[BookSide, dict[int, int]] = {"bid": {}, "ask": {}}
        self._placed: dict[BookSide, dict[int, int]] = {"bid": {}, "ask": {}}
        self._stakes_traded: dict[int, int] = {}
        self._traded: dict[int, int] = {}

    def clear(self) -> None:
        """Forget what the feed said rests: a whole new image follows."""
        self._told = {"bid": {}, "ask": {}}

    def tell_level(self, side: BookSide, odds: int, stake: int) -> None:
        """Note the new stake at odds, both in hundredths."""
        self._told[side][odds] = contracts_of(stake, odds)

    def tell_traded(self, odds: int, stake: int) -> None:
        """Note the new total traded at odds; totals that shrink were adjusted, not traded."""
        more = stake - self._stakes_traded.get(odds, 0)
        self._stakes_traded[odds] = stake
        if more > 0:
            traded = self._traded.get(odds, 0) + contracts_of(more, odds) // _STAKES_COUNTED
            self._traded[odds] = traded

    def follow(self, at_us: int, *, trading: bool) -> Iterator[Instruction]:
        """Yield what makes the exchange's book as the feed now says."""
        wanted = {side: self._wanted(side) for side in _SIDES}
        traded, self._traded = (self._traded if trading else {}), {}
        for side in _SIDES:
            yield from self._fall(side, wanted[side], traded, at_us)
        if trading:
            for odds, quantity in traded.items():
                if quantity:
                    yield from self._trade_unseen(odds, quantity, at_us)
            for side in _SIDES:
                yield from self._rise(side, wanted[side], at_us)

    def _wanted(self, side: BookSide) -> dict[int, int]:
        levels: dict[int, int] = {}
        for odds, quantity in self._told[side].items():
            if quantity:
                ticks = ticks_of(side, odds)
                levels[ticks] = levels.get(ticks, 0) + quantity
        return levels

    def _fall(
        self, side: BookSide, wanted: dict[int, int], traded: dict[int, int], at_us: int
    ) -> Iterator[Instruction]:
        best = True
        for ticks in sorted(self._placed[side], reverse=side == "bid"):
            drop = self._placed[side][ticks] - wanted.get(ticks, 0)
            taken = _claim(side, ticks, drop, traded) if best else 0
            if taken > 0:
                yield self._take(side, ticks, taken, at_us)
            if drop > taken:
                yield CancelAtLevel(
                    market=self.market, side=side, price_ticks=ticks, quantity=drop - taken, at_us=at_us
                )
            if drop > 0:
                self._change(side, ticks, -drop)
            best = best and ticks not in self._placed[side]

    def _trade_unseen(self, odds: int, quantity: int, at_us: int) -> Iterator[Instruction]:
        highest_bid = max(self._placed["bid"], default=0)
        lowest_ask = min(self._placed["ask"], default=PAYOUT_TICKS)
        ask, bid = ticks_of("ask", odds), ticks_of("bid", odds)
        if highest_bid < ask <= lowest_ask:
            yield self._add("ask", ask, quantity, at_us)
            yield self._take("ask", ask, quantity, at_us)
        elif highest_bid <= bid < lowest_ask:
            yield self._add("bid", bid, quantity, at_us)
            yield self._take("bid", bid, quantity, at_us)
        else:
            yield UnplacedTrade(market=self.market, yes_price_ticks=ask, quantity=quantity, at_us=at_us)

    def _rise(self, side: BookSide, wanted: dict[int, int], at_us: int) -> Iterator[Instruction]:
        for ticks, quantity in wanted.items():
            missing = quantity - self._placed[side].get(ticks, 0)
            if missing > 0 and not self._crosses(side, ticks):
                self._change(side, ticks, missing)
                yield self._add(side, ticks, missing, at_us)

    def _crosses(self, side: BookSide, ticks: int) -> bool:
        if side == "bid":
            return ticks >= min(self._placed["ask"], default=PAYOUT_TICKS)
        return ticks <= max(self._placed["bid"], default=0)

    def _change(self, side: BookSide, ticks: int, by: int) -> None:
        level = self._placed[side].get(ticks, 0) + by
        if level:
            self._placed[side][ticks] = level
        else:
            del self._placed[side][ticks]

    def _add(self, side: BookSide, ticks: int, quantity: int, at_us: int) -> AddOrder:
        return AddOrder(
            ref=str(next(self._refs)),
            market=self.market,
            actor=BACKERS if side == "bid" else LAYERS,
            side=side,
            price_ticks=ticks,
            quantity=quantity,
            at_us=at_us,
        )

    def _take(self, resting: BookSide, ticks: int, quantity: int, at_us: int) -> TakeOrder:
        direction: Direction = "sell" if resting == "bid" else "buy"
        return TakeOrder(
            ref=str(next(self._refs)),
            market=self.market,
            actor=TAKERS,
            side=direction,
            limit_ticks=ticks,
            quantity=quantity,
            at_us=at_us,
        )


def _claim(side: BookSide, ticks: int, drop: int, traded: dict[int, int]) -> int:
    """Take from the message's trades what a fallen level accounts for, and return it."""
    claimed = 0
    for odds, quantity in traded.items():
        if claimed < drop and ticks_of(side, odds) == ticks:
            part = min(quantity, drop - claimed)
            traded[odds] = quantity - part
            claimed += part
    return claimed
