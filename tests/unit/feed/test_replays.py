"""Replays go over into what happens now without a gap and without a repeat, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from adapters.http.feed import history as history_module
from adapters.http.feed.channels import Channel, Refused
from adapters.http.feed.history import History
from adapters.http.feed.hub import Hub
from adapters.http.feed.limits import FeedLimits
from adapters.http.feed.line import Line
from adapters.http.feed.subscription import Subscription
from adapters.http.feed.tale import Tale
from domain.fees import FREE
from domain.market.events import MarketCreated
from domain.market.vocabulary import Side
from projections.folds.market_book import MarketBook
from projections.live.market_board import MarketBoard
from tests.unit.projections.events import Log, placed


class Reader:
    """Reads a log in which something may happen whenever a reader stands at its end."""

    def __init__(self, log: Log, at_the_end: list[Any]) -> None:
        self._log = log
        self._at_the_end = at_the_end

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[Any]]:
        if backwards:
            yield self._log.events[-1:]
            return
        found = self._log.events[from_revision : from_revision + (limit or 10**9)]
        if found:
            yield found
        if len(found) < (limit or 10**9) and self._at_the_end:
            await asyncio.sleep(0)
            self._at_the_end.pop(0)()


class Wire:
    """Takes everything, unless it is told not to."""

    framed = None

    def __init__(self) -> None:
        self.writable = True
        self.written: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None

    def write(self, messages: list[bytes]) -> None:
        self.written += map(orjson.loads, messages)

    def close(self, code: int, reason: str) -> None:
        self.closed = code, reason


class Fed:
    """A market, its board, and somebody who listens."""

    def __init__(self, at_the_end: list[Any] | None = None) -> None:
        self.log = Log()
        self.board = MarketBoard(SimpleNamespace(now_us=lambda: 0))  # type: ignore[arg-type]
        self.lost: list[str] = []
        self.hub = Hub(self.board, lambda _, why: self.lost.append(why), lambda: None)
        self.wire, self.late = Wire(), 0
        self.at_the_end = [] if at_the_end is None else at_the_end
        codec = SimpleNamespace(decode=lambda stored: stored)
        reader: Any = Reader(self.log, self.at_the_end)
        self.history = History(reader, codec, None, self.hub, at_once=1)  # type: ignore[arg-type]
        self.line = Line(
            self.wire, caller=None, address="", limits=FeedLimits(pending=50),
            ready=lambda _: None, slow=lambda line: line.cut(1008, "slow"), now_s=lambda: 0.0,
        )  # fmt: skip
        self.append(_listed())

    def append(self, event: Any, *, told: bool = True) -> None:
        """Have something happen; it may be told to the board later."""
        recorded = self.log.add("market-T", event)
        if told:
            self.board.take([recorded])

    def order(self, *, told: bool = True) -> None:
        number = len(self.log.events)
        self.append(placed("ann", Side.YES, 100 * number, 100, order=f"o{number}"), told=told)

    def subscribe(self, channel: Channel = Channel.BOOK, **more: Any) -> Subscription:
        subscription = Subscription(
            1, channel, self.line.outbox, account_id=None, tickers={"T": None}, **more
        )
        self.hub.join(subscription)
        return subscription

    def revisions(self) -> list[int]:
        self.line.flush()
        assert [each["seq"] for each in self.wire.written] == list(range(1, len(self.wire.written) + 1))
        return [each["msg"]["revision"] for each in self.wire.written]

    async def replay(self, revision: int = 0, channel: Channel = Channel.BOOK) -> Subscription:
        subscription = self.subscribe(channel)
        subscription.live = False

        async def wait() -> None:
            self.line.flush()

        room = SimpleNamespace(wait=wait)
        await self.history.replay([subscription], "T", revision, room, with_snapshot=False)
        return subscription


def _listed() -> MarketCreated:
    return MarketCreated(
        ticker="T", title="T?", rules="", category="", group_id=None, tick_size_ticks=100,
        price_min_ticks=1, price_max_ticks=9_999, quantity_min=1, quantity_step=1, position_limit=None,
        fees=FREE, close_at_us=None,
    )  # type: ignore[arg-type]  # fmt: skip


async def test_what_happens_while_the_end_is_read_is_told_once() -> None:
    fed = Fed()
    fed.at_the_end += [fed.order, fed.order, lambda: None]
    for _ in range(3):
        fed.order()
    await fed.replay()
    fed.order()
    assert fed.revisions() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("channel", [Channel.BOOK, Channel.TICKER])
async def test_what_was_read_before_the_board_saw_it_is_not_told_again(channel: Channel) -> None:
    fed = Fed()
    fed.order()
    fed.order(told=False)
    await fed.replay(channel=channel)
    fed.board.take(fed.log.events[-1:])
    fed.order()
    assert fed.revisions() == [1, 2, 3]


async def test_a_replay_is_read_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "PAGE", 4)
    fed = Fed()
    for _ in range(13):
        fed.order()
    await fed.replay(revision=0)
    assert fed.revisions() == list(range(1, 14))


async def test_what_was_heard_elsewhere_before_the_board_saw_it_is_not_told_again() -> None:
    """Another process may have told it, and this one may be behind."""
    fed = Fed()
    fed.order()
    fed.order(told=False)
    await fed.replay(revision=3)
    fed.board.take(fed.log.events[-1:])
    fed.order()
    assert fed.revisions() == [3]


class Stood:
    """Finds out how the market stood before an event, and counts how often it is asked."""

    def __init__(self, fed: Fed) -> None:
        self.asked: list[int] = []
        self._events = fed.log.events
        fed.history._stood = self.before  # type: ignore[method-assign]

    async def before(self, ticker: str, revision: int) -> Tale:
        self.asked.append(revision)
        tale = Tale(ticker, MarketBook.empty(ticker))
        for recorded in self._events[:revision]:
            tale.take(recorded)
        return tale


async def test_how_a_market_stood_is_found_out_once_for_all_who_were_away_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "NEAR", 4)
    fed = Fed()
    stood = Stood(fed)
    for _ in range(10):
        fed.order()
    for revision in (8, 9, 7, 11):
        fed.wire.written.clear()
        subscription = await fed.replay(revision)
        assert fed.revisions() == list(range(revision, 11))
        fed.hub.leave(subscription)
    assert stood.asked == [7]
    fed.order()
    fed.wire.written.clear()
    await fed.replay(9)
    fed.order()
    assert fed.revisions() == [9, 10, 11, 12]
    assert stood.asked == [7]


async def test_who_was_away_for_long_is_told_by_itself_whatever_is_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "NEAR", 4)
    fed = Fed()
    stood = Stood(fed)
    for _ in range(10):
        fed.order()
    fed.hub.leave(await fed.replay(9))
    fed.wire.written.clear()
    fed.hub.leave(await fed.replay(2))
    assert fed.revisions() == list(range(2, 11))
    for _ in range(10):  # what is shared is so far behind that it is found out anew
        fed.order()
    fed.wire.written.clear()
    await fed.replay(19)
    assert fed.revisions() == [19, 20]
    assert stood.asked == [7, 2, 17]


async def test_what_is_shared_of_large_markets_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "SHARED_ORDERS", 10)
    fed = Fed()
    stood = Stood(fed)
    for _ in range(10):
        fed.order()
    for _ in range(2):
        fed.hub.leave(await fed.replay(9))
    assert stood.asked == [0]
    fed.order()
    for _ in range(2):
        fed.hub.leave(await fed.replay(9))
    assert stood.asked == [0, 0]


async def test_each_channel_of_what_is_shared_is_told_as_it_is_to_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[list[dict[str, Any]]] = []
    for near in (100, 0):
        monkeypatch.setattr(history_module, "NEAR", near)
        fed = Fed()
        Stood(fed)
        for _ in range(5):
            fed.order()
        for channel in (Channel.BOOK, Channel.TICKER, Channel.LIFECYCLE, Channel.TRADE):
            await fed.replay(0, channel)
        fed.line.flush()
        told.append(fed.wire.written)
    assert told[0] == told[1]
    assert {each["type"] for each in told[0]} == {"orderbook_delta", "ticker", "market_lifecycle_v2"}


async def test_a_revision_in_the_future_is_refused_and_the_next_one_is_not() -> None:
    fed = Fed()
    fed.order()
    await fed.history.check("T", 2)
    with pytest.raises(Refused, match="from_revision is at most 2"):
        await fed.history.check("T", 3)


async def test_a_gap_in_what_the_board_takes_in_ends_the_subscription() -> None:
    fed = Fed()
    fed.subscribe()
    fed.order()
    fed.order(told=False)
    fed.order()
    assert fed.lost == ["T: revisions 2 to 2 are missing; subscribe again with from_revision"]


async def test_a_consumer_that_takes_nothing_is_cut_off_when_too_much_waits() -> None:
    fed = Fed()
    fed.subscribe()
    fed.wire.writable = False
    for _ in range(50):
        fed.order()
        fed.line.flush()
    assert fed.wire.closed is None
    fed.order()
    assert fed.wire.closed == (1008, "slow")
    assert len(fed.line.outbox) == 0


async def test_a_conflated_book_waits_for_a_consumer_that_has_not_taken_the_last() -> None:
    fed = Fed()
    fed.subscribe(conflate_ms=1)
    fed.wire.writable = False
    for _ in range(40):
        fed.order()
        await asyncio.sleep(0.002)
    waiting = len(fed.line.outbox)
    assert 0 < waiting <= 40
    fed.wire.writable = True
    fed.line.flush()
    async with asyncio.timeout(5):
        while len(fed.wire.written) < 40:
            await asyncio.sleep(0.001)
            fed.line.flush()
    assert {each["msg"]["price"] for each in fed.wire.written} == set(range(1, 41))
