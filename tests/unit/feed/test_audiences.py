"""Who hears the same is written to together: message for message what each would have been told by itself."""

import asyncio
import random
import time
from collections.abc import Iterator
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from adapters.http.feed.audience import Sheet
from adapters.http.feed.channels import Channel
from adapters.http.feed.hub import Hub
from adapters.http.feed.limits import FeedLimits
from adapters.http.feed.line import Line
from adapters.http.feed.messages import Message
from adapters.http.feed.seating import pause_s
from adapters.http.feed.subscription import Subscription
from domain.fees import FREE
from domain.market.events import MarketCreated
from domain.market.vocabulary import Side
from projections.live.market_board import MarketBoard
from tests.unit.projections.events import Log, leg, placed, trade

MARKETS = ("T", "U%dU")
CHANNELS = (Channel.BOOK, Channel.TICKER, Channel.TRADE)
SHORT, MIDDLE = 126, 127


def messages(frames: bytes) -> Iterator[bytes]:
    """Yield the messages that stand in frames, which have to be whole (RFC 6455, 5.2)."""
    at = 0
    while at < len(frames):
        assert frames[at] == 0x81, "a whole text"
        size, at = frames[at + 1], at + 2
        extra = {SHORT: 2, MIDDLE: 8}.get(size, 0)
        if extra:
            size, at = int.from_bytes(frames[at : at + extra]), at + extra
        yield frames[at : at + size]
        assert at + size <= len(frames)
        at += size


class Wire:
    """Takes what is written, together with others or not."""

    def __init__(self, *, together: bool) -> None:
        self.writable = True
        self.writes = 0
        self.written: list[dict[str, Any]] = []
        self.framed = self._framed if together else None
        self.takes_s = 0.0

    def _framed(self, frames: bytes) -> None:
        self.writes += 1
        self.written += map(orjson.loads, messages(frames))
        time.sleep(self.takes_s)

    def write(self, texts: list[bytes]) -> None:
        self.written += map(orjson.loads, texts)

    def close(self, code: int, reason: str) -> None:
        pass


class Fed:
    """Two markets, and those who listen."""

    def __init__(self, *, pending: int = 10_000) -> None:
        self.log, self.number = Log(), 0
        self.board = MarketBoard(SimpleNamespace(now_us=lambda: 0))  # type: ignore[arg-type]
        self.hub = Hub(self.board, lambda *_: None, lambda: None)
        self.limits = FeedLimits(pending=pending)
        self.cut: list[Line] = []
        for ticker in MARKETS:
            self.happens(ticker, _listed(ticker))

    def happens(self, ticker: str, event: Any) -> None:
        self.board.take([self.log.add(f"market-{ticker}", event)])

    def order(self, ticker: str = "T") -> None:
        self.number += 1
        who = "ann" if self.number % 3 else "bob"
        self.happens(
            ticker, placed(who, Side.YES, 100 * (self.number % 50 + 1), 100, order=f"o{self.number}")
        )

    def trade(self, ticker: str) -> None:
        book = self.board.on_board(ticker).book  # type: ignore[union-attr]
        if book.orders:
            row = next(iter(book.orders.values()))
            maker = leg(row.account_id, Side.YES, order=row.order_id)
            self.happens(ticker, trade(maker, leg("eve", Side.NO), row.ticks, 50))

    def line(self, *, together: bool, account: str | None = None) -> Line:
        def slow(line: Line) -> None:
            self.cut.append(line)
            line.cut(1008, "slow")

        caller: Any = SimpleNamespace(account_id=account) if account else None
        return Line(
            Wire(together=together), caller=caller, address="", limits=self.limits,
            ready=lambda _: None, slow=slow, now_s=lambda: 0.0,
        )  # fmt: skip

    def subscribe(self, line: Line, sid: int, channel: Channel, *tickers: str) -> Subscription:
        subscription = line.subscriptions[sid] = Subscription(
            sid, channel, line.outbox, account_id=line.account_id, tickers=dict.fromkeys(tickers)
        )
        self.hub.join(subscription)
        if channel is Channel.BOOK:
            for ticker in tickers:
                subscription.tell(self.hub.snapshot(ticker))
        return subscription

    def flush(self, line: Line) -> None:
        line.flush()
        self.hub.seating.seat(line, self.hub.position)

    def audience(self, line: Line) -> Any:
        assert line.seat is not None, "it sits with others"
        return line.seat.audience


def _listed(ticker: str) -> MarketCreated:
    return MarketCreated(
        ticker=ticker, title="T?", rules="", category="", group_id=None, tick_size_ticks=100,
        price_min_ticks=1, price_max_ticks=9_999, quantity_min=1, quantity_step=1, position_limit=None,
        fees=FREE, close_at_us=None,
    )  # type: ignore[arg-type]  # fmt: skip


def wire(line: Line) -> Wire:
    assert isinstance(line.wire, Wire)
    return line.wire


def in_order(told: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return messages event by event: whose turn comes first within one does not matter."""
    events = groupby(
        told, lambda each: each.get("msg", {}) and (each["msg"]["market_ticker"], each["msg"]["revision"])
    )
    return [sorted(of_one, key=lambda each: each.get("sid", 0)) for _, of_one in events]


class Pairs:
    """Everybody twice: once told together with others, once by itself, as a measure."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fed = Fed()
        self.pairs: list[tuple[Line, Line]] = []
        self.sids = 0

    def both(self, act: Any) -> None:
        for line in self.random.choice(self.pairs):
            act(line)

    def come(self) -> None:
        account = self.random.choice((None, None, "ann"))
        pair = self.fed.line(together=True, account=account), self.fed.line(together=False, account=account)
        self.pairs.append(pair)
        tickers = self.random.choice((("T",), ("U%dU",), MARKETS))
        for sid, channel in enumerate(self.random.choice((CHANNELS, CHANNELS[:1])), 1):
            for line in pair:
                self.fed.subscribe(line, sid, channel, *tickers)

    def change(self) -> None:
        """Have one subscription of somebody changed, as commands do."""
        hub, ticker = self.fed.hub, self.random.choice(MARKETS)
        pair = self.random.choice(self.pairs)
        if not pair[0].subscriptions:
            return
        sid = self.random.choice(list(pair[0].subscriptions))
        kind = self.random.choice(("leave", "markets", "snapshot", "answer", "join"))
        self.sids += 1
        for line in pair:
            subscription = line.subscriptions[sid]
            assert subscription.tickers is not None
            if kind == "leave":  # what waits is dropped then, and that may be more for one of them
                self.tell_all(line)
                del line.subscriptions[sid]
                hub.leave(subscription)
            elif kind == "join":
                self.fed.subscribe(line, 100 + self.sids, Channel.BOOK, ticker)
            elif kind == "answer":
                line.outbox.put(lambda each=subscription: orjson.dumps({"type": "ok", "seq": each.seq}))
            elif kind == "snapshot":
                subscription.tell(hub.snapshot(ticker))
            elif ticker not in subscription.tickers:
                subscription.tickers[ticker] = None
                hub.add(subscription, ticker)
            elif len(subscription.tickers) > 1:
                del subscription.tickers[ticker]
                hub.remove(subscription, ticker)

    def step(self) -> None:
        kind = self.random.choices(
            ("order", "trade", "flush", "round", "change", "stuck", "come"), (6, 3, 4, 4, 2, 1, 1)
        )[0]
        match kind:
            case "order":
                self.fed.order(self.random.choice(MARKETS))
            case "trade":
                self.fed.trade(self.random.choice(MARKETS))
            case "flush":
                self.both(self.fed.flush)
            case "round":
                self.round()
            case "change":
                self.change()
            case "stuck":
                writable = self.random.random() < 0.7
                for line in self.random.choice(self.pairs):
                    wire(line).writable = writable
            case "come":
                self.come()

    def round(self) -> None:
        """Go through one audience, while things go on happening."""
        seated = [one.seat.audience for one, _ in self.pairs if one.seat]
        if seated:
            for _ in self.random.choice(seated).round():
                if self.random.random() < 0.2:
                    self.fed.order(self.random.choice(MARKETS))
                if self.random.random() < 0.05:
                    self.change()

    def tell_all(self, line: Line) -> None:
        wire(line).writable = True
        if line.seat:
            line.seat.settle()
        line.flush()

    def end(self) -> None:
        for pair in self.pairs:
            for line in pair:
                self.tell_all(line)


@pytest.mark.parametrize("seed", range(20))
def test_each_is_told_what_it_would_be_told_by_itself(seed: int) -> None:
    pairs = Pairs(seed)
    pairs.come()
    for _ in range(300):
        pairs.step()
    pairs.end()
    together = 0
    for one, other in pairs.pairs:
        assert in_order(wire(one).written) == in_order(wire(other).written)
        together += wire(one).writes
        assert len(wire(other).written) > 0
    assert together > 4, "some of it was written together"


def test_many_are_written_to_once_for_all_that_waits_whatever_their_numbers() -> None:
    fed = Fed()
    lines = []
    for _ in range(12):  # each comes a little later, so that numbers of one and of two digits meet
        line = fed.line(together=True)
        fed.subscribe(line, 1, Channel.BOOK, "T")
        fed.flush(line)
        lines.append(line)
        fed.order()
        for _ in fed.audience(line).round():
            pass
    for _ in range(95):
        fed.order()
    before = [wire(line).writes for line in lines]
    assert list(fed.audience(lines[0]).round()) == [95] * 12
    assert [wire(line).writes for line in lines] == [writes + 1 for writes in before]
    for number, line in enumerate(lines):
        assert [each["seq"] for each in wire(line).written] == list(range(1, 12 - number + 97))
    assert fed.audience(lines[0]).waiting == 0


@pytest.mark.parametrize("gap", [0, 8, 99])
def test_frames_say_how_long_they_are_whatever_that_looks_like(gap: int) -> None:
    """A length, a text may contain what would be taken for a gap."""
    for size in range(400):
        tail = b',"msg":{"a":"%s"}}' % (b"%" * size)
        sheet = Sheet(((1, Channel.BOOK, ("T",)),), 0, [(0, Message("k", tail, 1))] * 2)
        told = [orjson.loads(each) for each in messages(sheet.text((gap,)))]
        assert told == [
            {"type": "k", "sid": 1, "seq": gap + number, "msg": {"a": "%" * size}} for number in (1, 2)
        ]


def test_who_takes_nothing_is_cut_off_and_the_others_hear_everything() -> None:
    fed = Fed(pending=20)
    stuck, sound = fed.line(together=True), fed.line(together=True)
    for line in (stuck, sound):
        fed.subscribe(line, 1, Channel.BOOK, "T")
        fed.flush(line)
    assert fed.audience(stuck) is fed.audience(sound)
    wire(stuck).writable = False
    for number in range(1, 31):
        fed.order()
        for _ in fed.audience(sound).round():
            pass
        assert (stuck in fed.cut) == (number > 20)
    assert len(wire(sound).written) == 31


def test_an_order_is_told_to_its_owner_with_its_own_name_and_to_nobody_else() -> None:
    fed = Fed()
    owner, other = fed.line(together=True, account="ann"), fed.line(together=True)
    for line in (owner, other):
        fed.subscribe(line, 1, Channel.BOOK, "T")
        fed.flush(line)
    fed.order()
    for _ in fed.audience(other).round():
        pass
    fed.flush(owner)
    assert "client_order_id" in wire(owner).written[-1]["msg"]
    assert "client_order_id" not in wire(other).written[-1]["msg"]
    assert len(wire(owner).written) == len(wire(other).written) == 2


def test_an_audience_that_nobody_sits_in_any_more_is_gone() -> None:
    fed = Fed()
    line = fed.line(together=True)
    subscription = fed.subscribe(line, 1, Channel.BOOK, "T")
    fed.flush(line)
    assert fed.hub.subscriptions["orderbook_delta"] == 1
    fed.order()
    fed.hub.leave(subscription)
    assert fed.hub.subscriptions["orderbook_delta"] == 0
    assert (fed.hub._topics, fed.hub.seating._audiences, fed.hub.seating.waiting) == ({}, {}, 0)


async def test_the_first_change_is_told_at_once_and_what_gathers_meanwhile_in_one_piece() -> None:
    fed = Fed()
    lines = [fed.line(together=True) for _ in range(10)]
    for line in lines:
        fed.subscribe(line, 1, Channel.BOOK, "T")
        fed.flush(line)
        wire(line).takes_s = 0.002
    rounds = asyncio.create_task(fed.hub.seating.run())
    await asyncio.sleep(0)
    fed.order()
    await asyncio.sleep(0)
    assert all(wire(line).writes == 1 for line in lines)
    now_s = asyncio.get_running_loop().time
    begun_s = now_s()
    while now_s() < begun_s + 0.5:  # faster than all can be written to
        fed.order()
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        while not all(len(wire(line).written) == fed.number + 1 for line in lines):  # noqa: ASYNC110
            await asyncio.sleep(0)
    rounds.cancel()
    at_most = 2 + (now_s() - begun_s) / 0.04  # a round takes 20 ms at least, and the pause is as long
    assert all(wire(line).writes <= at_most for line in lines)


@pytest.mark.parametrize(("took_s", "pause"), [(0, 0), (0.001, 0.001), (0.03, 0.03), (0.05, 0.02), (0.08, 0)])
def test_a_pause_is_as_long_as_the_round_and_both_are_short(took_s: float, pause: float) -> None:
    assert pause_s(took_s) == pytest.approx(pause)
