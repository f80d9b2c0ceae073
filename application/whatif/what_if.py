"""What if: a market forked at one of its events, with orders put in or left out, beside what was recorded."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import thread_time
from typing import ParamSpec, TypeVar
from uuid import UUID

from application.events import Recorded
from application.past import Past
from application.ports.codec import EventCodec
from application.ports.event_store import RecordedEvent
from application.whatif.fork import Changes, Fork, Insertion
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.events import MarketEvent, OrderPlaced, StopTriggered
from domain.market.state import MarketState
from domain.market.vocabulary import OrderType

P = ParamSpec("P")
T = TypeVar("T")

ASSUMED = (
    "Everybody else sends what they sent: nobody reacts to what is different.",
    "Nobody's money is looked at: what an order would cost is taken to be there.",
)
"""What an answer rests upon, for whoever reads it."""

UNSEEN = "Stop orders of others that are still waiting are left out."
"""What it rests upon besides, where whoever asks is no operator."""


class NotAskable(Exception):
    """A question has no answer; the message says why."""


class NoSuchMoment(NotAskable):
    """The market, or the event at which it is to be forked, is not there."""


class NoSuchOrder(NotAskable):
    """An order to be left out is not there, or is somebody else's, which makes no difference."""


class TooLarge(NotAskable):
    """It takes more events, or more of the processor's time, than one question may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one question may take: events between the fork and the end, and seconds of the processor."""

    events: int
    seconds: float


SERVED = Bounds(events=50_000, seconds=10.0)
"""What may be asked of an exchange that others are trading on."""

BY_ITSELF = Bounds(events=50_000_000, seconds=float("inf"))
"""What may be asked at the folder: it takes nobody else's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which market, forked after which event, up to which one, and what is different.

    ``asker`` is the account on whose behalf it is asked, and whose orders alone may be left out; ``None`` for
    an operator.
    """

    ticker: Ticker
    revision: int
    until: int | None = None
    inserted: Sequence[Insertion] = ()
    removed: frozenset[OrderId] = frozenset()
    asker: AccountId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both markets as the last event of the recorded one left them."""

    question: Question
    until: int
    fork: Fork

    @property
    def assumed(self) -> tuple[str, ...]:
        """What the comparison rests upon."""
        return ASSUMED if self.question.asker is None else (*ASSUMED, UNSEEN)


async def what_if(past: Past, question: Question, bounds: Bounds = SERVED) -> Comparison:
    """Return the answer to a question. Raises :class:`NotAskable`.

    The work is done beside the event loop, a page of events at a time.
    """
    ticker, revision = question.ticker, question.revision
    recorded = await past.market_after(ticker, revision)
    other = await past.market_after(ticker, revision)
    if recorded is None or other is None:
        raise NoSuchMoment(f"market {ticker} has no event {revision}")
    last = await past.last_revision(ticker)
    until = last if question.until is None else min(last, question.until)
    for each in question.inserted:
        if each.after_revision > until:
            raise NoSuchMoment(f"nothing is gone through after event {until}, so no order comes after it")
    if until - revision > bounds.events:
        raise TooLarge(
            f"{until - revision:,} events follow, and at most {bounds.events:,} are gone through: "
            "fork later, or say until where"
        )
    spent = _Spent(bounds)
    unseen = await _unseen(past, question, recorded.state, until, spent)
    changes = Changes(
        inserted=question.inserted, removed=question.removed, owner=question.asker, unseen=unseen
    )
    decision = await _decision(past, ticker, revision)
    fork = Fork(recorded.state, other.state, changes, at_us=recorded.tip.at_us, decision=decision)
    async for page, codec in past.stored(ticker, first=revision + 1, last=until):
        await spent.on(_take, fork, page, codec)
    await spent.on(fork.settle)
    missing = question.removed - fork.found
    if missing:
        raise NoSuchOrder(f"there is no order {min(missing)} here that could be left out")
    return Comparison(question=question, until=until, fork=fork)


async def _decision(past: Past, ticker: Ticker, revision: int) -> UUID:
    """Return the command that an event came of."""
    async for page, codec in past.stored(ticker, first=revision, last=revision):
        return codec.decode(page[0]).cause.command_id
    raise NoSuchMoment(f"market {ticker} has no event {revision}")


class _Spent:
    """Has work done beside the event loop, and counts the processor's time that it took."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._seconds = 0.0

    async def on(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def timed() -> tuple[T, float]:
            began = thread_time()
            return work(*args, **kwargs), thread_time() - began

        done, seconds = await asyncio.to_thread(timed)
        self._seconds += seconds
        if self._seconds > self._bounds.seconds:
            raise TooLarge(f"it takes more than {self._bounds.seconds:g} s: fork later, or say until where")
        return done


def _take(fork: Fork, page: Sequence[RecordedEvent], codec: EventCodec) -> None:
    for stored in page:
        recorded: Recorded[MarketEvent] = codec.decode(stored)  # type: ignore[assignment]  # of a market
        fork.take(recorded)


async def _unseen(
    past: Past, question: Question, state: MarketState, until: int, spent: _Spent
) -> set[OrderId]:
    """Return the stop orders of others that were never woken: nobody else knows that they are there."""
    if question.asker is None:
        return set()
    waiting = {each for each, order in state.stops.orders.items() if order.account_id != question.asker}
    async for page, codec in past.stored(question.ticker, first=question.revision + 1, last=until):
        await spent.on(_watch_stops, waiting, page, codec, question.asker)
    return waiting


_STOP = f'"{OrderType.STOP.value}"'.encode()


def _watch_stops(
    waiting: set[OrderId], page: Sequence[RecordedEvent], codec: EventCodec, asker: AccountId
) -> None:
    for stored in page:
        if stored.type != "StopTriggered" and _STOP not in stored.data:
            continue
        event = codec.decode(stored).event
        if isinstance(event, StopTriggered):
            waiting.discard(event.order_id)
        elif isinstance(event, OrderPlaced) and _waits_for_another(event, asker):
            waiting.add(event.order_id)


def _waits_for_another(placed: OrderPlaced, asker: AccountId) -> bool:
    return placed.order_type is OrderType.STOP and placed.account_id != asker
