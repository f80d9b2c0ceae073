"""A plain price-time matcher, slow and obvious, against which recorded flow is checked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from application.replay.book import Book
from application.replay.flow import AddOrder, BookSide, CancelAtLevel, Instruction, TakeOrder


class PriceTimeMatcher:
    """Both sides of one market: at each price a queue of quantities, first come first."""

    def __init__(self) -> None:
        self.queues: dict[BookSide, dict[int, list[int]]] = {"bid": {}, "ask": {}}

    def add(self, side: BookSide, price: int, quantity: int) -> int:
        """Match, rest what is left, and return what traded."""
        filled = self.take(side, price, quantity)
        if filled < quantity:
            self.queues[side].setdefault(price, []).append(quantity - filled)
        return filled

    def take(self, side: BookSide, limit: int, quantity: int) -> int:
        """Match an order of this side with the other, rest nothing, and return what traded."""
        levels = self.queues["ask" if side == "bid" else "bid"]
        left = quantity
        while left and levels:
            price = min(levels) if side == "bid" else max(levels)
            if price > limit if side == "bid" else price < limit:
                break
            part = min(left, levels[price][0])
            left -= part
            levels[price][0] -= part
            if not levels[price][0]:
                levels[price].pop(0)
            if not levels[price]:
                del levels[price]
        return quantity - left

    def cancel(self, side: BookSide, price: int, quantity: int) -> int:
        """Take this much from the back of a level and return what was found."""
        queue, left = self.queues[side].get(price, []), quantity
        while left and queue:
            part = min(left, queue[-1])
            left -= part
            queue[-1] -= part
            if not queue[-1]:
                queue.pop()
        if not queue:
            self.queues[side].pop(price, None)
        return quantity - left

    def book(self) -> Book:
        """Return what rests at each price."""
        bids, asks = (
            {price: sum(queue) for price, queue in self.queues[side].items()} for side in ("bid", "ask")
        )
        return Book.of(bids, asks)


@dataclass
class Run:
    """What became of a recording's instructions; refused shares are listed with their position."""

    books: dict[str, PriceTimeMatcher] = field(default_factory=lambda: defaultdict(PriceTimeMatcher))
    takes: int = 0
    crossing_adds: list[int] = field(default_factory=list)
    short_takes: list[int] = field(default_factory=list)
    short_cancels: list[int] = field(default_factory=list)


def run(instructions: Iterable[Instruction]) -> Run:
    """Match everything that rests, cancels or takes; other instructions concern no book."""
    ran = Run()
    for position, instruction in enumerate(instructions):
        execute(ran, position, instruction)
    return ran


def execute(ran: Run, position: int, instruction: Instruction) -> None:
    """Carry out one instruction."""
    match instruction:
        case AddOrder(side=side, price_ticks=price, quantity=quantity):
            if ran.books[instruction.market].add(side, price, quantity):
                ran.crossing_adds.append(position)
        case CancelAtLevel(side=side, price_ticks=price, quantity=quantity):
            if ran.books[instruction.market].cancel(side, price, quantity) < quantity:
                ran.short_cancels.append(position)
        case TakeOrder(side=direction, limit_ticks=limit, quantity=quantity):
            ran.takes += 1
            side = "bid" if direction == "buy" else "ask"
            if ran.books[instruction.market].take(side, limit, quantity) < quantity:
                ran.short_takes.append(position)
        case _:
            pass
