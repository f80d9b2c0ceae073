"""Whatever a feed says, following it never trades by accident and ends where the feed ends."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from adapters.recordings.betfair_ladder import RunnerLadder
from adapters.recordings.betfair_odds import contracts_of, ticks_of
from application.replay.book import Book
from application.replay.flow import AddOrder, BookSide, TakeOrder
from tests.acceptance.price_time_matcher import Run, execute

ODDS = st.sampled_from([150, 200, 204, 98_000, 99_000])
STAKES = st.sampled_from([0, 1, 500, 1_000, 5_000])
LEVELS = st.lists(st.tuples(st.sampled_from(["bid", "ask"]), ODDS, STAKES), max_size=6)
MESSAGES = st.lists(
    st.tuples(LEVELS, st.dictionaries(ODDS, st.integers(0, 9_000), max_size=4), st.booleans()),
    min_size=1,
    max_size=12,
)


def told_levels(told: dict[BookSide, dict[int, int]], side: BookSide) -> dict[int, int]:
    levels: dict[int, int] = {}
    for odds, stake in told[side].items():
        ticks = ticks_of(side, odds)
        levels[ticks] = levels.get(ticks, 0) + contracts_of(stake, odds)
    return {ticks: quantity for ticks, quantity in levels.items() if quantity}


@given(MESSAGES)
def test_following_a_feed_matches_only_what_it_means_to(
    messages: list[tuple[list[tuple[BookSide, int, int]], dict[int, int], bool]],
) -> None:
    ladder, ran = RunnerLadder("M", count(1)), Run()
    told: dict[BookSide, dict[int, int]] = {"bid": {}, "ask": {}}
    refs: list[str] = []
    for number, (levels, traded, trading) in enumerate(messages):
        for side, odds, stake in levels:
            told[side][odds] = stake
            ladder.tell_level(side, odds, stake)
        for odds, stake in traded.items():
            ladder.tell_traded(odds, stake)
        for instruction in ladder.follow(number, trading=trading):
            execute(ran, number, instruction)
            assert trading or not isinstance(instruction, AddOrder | TakeOrder)
            refs += [instruction.ref] if isinstance(instruction, AddOrder | TakeOrder) else []
        bids, asks = told_levels(told, "bid"), told_levels(told, "ask")
        book = ran.books["M"].book()
        if trading and max(bids, default=0) < min(asks, default=10_000):
            assert book == Book.of(bids, asks)
        assert all(level.quantity <= bids[level.price_ticks] for level in book.bids)
        assert all(level.quantity <= asks[level.price_ticks] for level in book.asks)
    assert (ran.crossing_adds, ran.short_takes, ran.short_cancels) == ([], [], [])
    assert len(set(refs)) == len(refs)
