"""What the board answers from memory, what it leaves to the rows, and whom it tells of what it loses."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest

from application.events import DomainEvent, Recorded
from domain.group.events import GroupFinalized
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market.events import MarketPaused
from domain.market.vocabulary import MarketStatus, Side
from projections.folds.market_book import BookOrderRow, TopRow
from projections.folds.market_facts import MarketRow
from projections.live import market_board
from projections.live.market_board import BoardRows, LiveMarket, MarketBoard
from tests.unit.event_schemas.market_examples import LIFECYCLE
from tests.unit.projections.events import Log, leg, placed, trade

ANN, BOB = AccountId("ann"), AccountId("bob")


class Fixed:
    def now_us(self) -> int:
        return 0


class Onlooker:
    """Remembers what it saw, and what the board lost."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str | None]] = []
        self.lost_tickers: list[str] = []

    def happened(self, recorded: Recorded[DomainEvent], market: LiveMarket | None) -> None:
        self.seen.append((recorded.position, market.facts.ticker if market else None))

    def lost(self, ticker: str) -> None:
        self.lost_tickers.append(ticker)


class Watched:
    """A board that is fed by hand, with somebody looking on."""

    def __init__(self) -> None:
        self.log, self.board, self.onlooker = Log(), MarketBoard(Fixed()), Onlooker()
        self.board.onlooker = self.onlooker

    def add(self, stream: str, event: DomainEvent) -> None:
        self.board.take([self.log.add(stream, event)])

    def listed(self, ticker: str, group: str | None = None) -> None:
        made: Any = LIFECYCLE["MarketCreated"]
        fields = {name: getattr(made, name) for name in made.__struct_fields__}
        named = {"ticker": Ticker(ticker), "group_id": GroupId(group) if group else None}
        self.add(f"market-{ticker}", type(made)(**fields | named))

    def traded(self, ticker: str, times: int = 1) -> None:
        for _ in range(times):
            maker = leg("ann", Side.YES, order=f"{ticker}-ann")
            taker = leg("bob", Side.NO, order=f"{ticker}-bob")
            self.add(f"market-{ticker}", trade(maker, taker, 4_000, 1))

    def resting(self, ticker: str, account: str = "ann", quantity: int = 1_000) -> None:
        order = placed(account, Side.YES, 4_000, quantity, order=f"{ticker}-{account}")
        self.add(f"market-{ticker}", order)


@pytest.fixture
def world() -> Watched:
    return Watched()


def test_the_latest_trades_are_told_newest_first_if_enough_of_them_are_at_hand(world: Watched) -> None:
    world.listed("M")
    world.resting("M")
    world.traded("M", 2)
    for limit, positions in ((1, [4]), (2, [4, 3]), (5, [4, 3])):
        latest = world.board.latest_trades(Ticker("M"), limit)
        assert latest is not None
        assert [each.position for each in latest] == positions
    assert world.board.latest_trades(Ticker("N"), 1) is None
    # Set up from rows it knows of trades that it does not have.
    facts, book = world.board._markets["M"].facts, world.board._markets["M"].book
    restored = MarketBoard(Fixed())
    restored.restore(BoardRows(markets=[facts], tops=[book.top], orders=list(book.orders.values())))
    assert restored.latest_trades(Ticker("M"), 1) is None
    restored.take([world.log.add("market-M", world.log.events[-1].event)])
    assert restored.latest_trades(Ticker("M"), 2) is None
    latest = restored.latest_trades(Ticker("M"), 1)
    assert latest is not None
    assert [each.position for each in latest] == [5]


def test_what_a_board_is_set_up_from_is_told_at_once_unless_the_market_is_over(world: Watched) -> None:
    world.listed("M")
    world.resting("M")
    world.traded("M", 2)
    market = world.board._markets["M"]
    assert (market.revision, market.over) == (3, False)
    open_orders = list(market.book.orders.values())
    ended = deepcopy(market.facts)
    ended.status = MarketStatus.FINALIZED.value
    empty = deepcopy(market.book.top)
    empty.open_interest = 0

    def on_board(facts: MarketRow, top: TopRow, orders: Sequence[BookOrderRow]) -> bool:
        restored = MarketBoard(Fixed())
        restored.restore(BoardRows(markets=[facts], tops=[top], orders=orders))
        return restored.market(Ticker("M")) is not None

    # It is over once its result stands, no order is open and all shares are paid; not before.
    assert on_board(market.facts, empty, ())
    assert on_board(ended, market.book.top, ())
    assert on_board(ended, empty, open_orders)
    assert not on_board(ended, empty, ())


def test_a_market_is_as_new_as_the_later_of_what_is_known_of_it(world: Watched) -> None:
    world.listed("M")
    world.resting("M")
    market = world.board._markets["M"]
    assert (market.facts.revision, market.book.top.revision, market.revision) == (0, 1, 1)
    world.add("market-M", MarketPaused(reason="rain"))
    assert (market.facts.revision, market.book.top.revision, market.revision) == (2, 1, 2)


def test_two_hundred_trades_are_kept_of_each_market(world: Watched) -> None:
    world.listed("M")
    world.resting("M")
    world.traded("M", 201)
    kept = world.board._markets["M"].trades
    assert (len(kept), kept[0].position) == (200, 4)
    assert (market_board.RECENT_TRADES, market_board.DEPTHS_KEPT) == (200, 8)


async def test_queues_are_told_of_the_markets_and_groups_that_are_asked_for(world: Watched) -> None:
    for ticker, group in (("A", "G"), ("B", "H"), ("C", None)):
        world.listed(ticker, group)
        world.resting(ticker, "bob", 300)
        world.resting(ticker)
    board = world.board

    async def told(**asked: Any) -> list[tuple[str, int]]:
        return [(each.ticker, each.ahead) for each in await board.queue_positions(ANN, **asked)]

    assert await told() == [("A", 300), ("B", 300), ("C", 300)]
    assert await told(tickers=("B", "C")) == [("B", 300), ("C", 300)]
    assert await told(group_ids=("G",)) == [("A", 300)]
    assert await told(tickers=("A", "B"), group_ids=("H",)) == [("B", 300)]
    assert await board.queue_positions(AccountId("cyd")) == []
    position = await board.queue_position(ANN, OrderId("A-ann"))
    assert position is not None
    assert (position.ticker, position.ahead, position.order_id) == ("A", 300, "A-ann")
    assert await board.queue_position(BOB, OrderId("A-ann")) is None, "it is not bob's"


async def test_an_order_that_has_filled_waits_for_nothing_any_more(world: Watched) -> None:
    world.listed("M")
    world.resting("M", quantity=1)
    world.traded("M")
    assert await world.board.queue_position(ANN, OrderId("M-ann")) is None
    assert world.board._resting == {}


def test_each_event_is_seen_once_after_the_board_has_taken_it_in(world: Watched) -> None:
    world.listed("M")
    world.add("group-G", GroupFinalized(winner=Ticker("M"), members=(Ticker("M"),)))
    world.resting("M")
    world.add("market-UNKNOWN", world.log.events[-1].event)
    world.board.take(world.log.events)
    assert world.onlooker.seen == [(1, "M"), (2, None), (3, "M"), (4, None)]
    assert world.board.position == 4


async def test_a_market_that_is_listed_again_stays_as_it_is_and_a_board_that_is_set_up_again_forgets(
    world: Watched,
) -> None:
    world.listed("M")
    world.resting("M")
    world.board.take(world.log.events[:1])
    assert await world.board.queue_position(ANN, OrderId("M-ann")) is not None
    world.board.restore(BoardRows())
    assert world.board.market(Ticker("M")) is None
    assert world.board._resting == {}


def test_a_market_that_cannot_be_followed_leaves_the_board_and_that_is_told(world: Watched) -> None:
    world.listed("M")
    world.listed("N")
    world.traded("M")  # of an order that is not on its book
    assert world.onlooker.lost_tickers == ["M"]
    assert world.board.market(Ticker("M")) is None
    assert world.board.market(Ticker("N")) is not None
    world.board.onlooker = None
    world.traded("N")
    assert world.board.market(Ticker("N")) is None
