"""Recorded flow through the whole exchange: saga, store, matching, settlement."""

import csv
import gc
import gzip
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import uvloop

from adapters.garbage import collect_seldom
from adapters.recordings.formats import open_recording
from application.replay.flow import LimitOrder, OpenMarket
from application.replay.playback import book_of
from application.verification.verify import verify
from domain.identifiers import Ticker
from tests.acceptance.price_time_matcher import run
from tests.acceptance.recorded_data import recorded_files
from tests.acceptance.replayed import SOAK, Part, replayed, venue

SHORTEST = ["mlb-pit-det-2025-06-19", "mlb-pit-mil-2025-06-24", "mlb-tex-bal-2025-06-24"]


@pytest.fixture(scope="module", autouse=True)
def as_served() -> Iterator[None]:
    """Collect garbage as seldom as ``presage replay`` does."""
    before = gc.get_threshold()
    collect_seldom()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_polymarket_flow_ends_on_every_recorded_book(tmp_path: Path) -> None:
    files = recorded_files("polymarket_l2/*.ops.csv.gz")
    # The loop that ``presage replay`` runs on.
    report = uvloop.run(replayed([open_recording(path) for path in files], tmp_path if SOAK else None))
    assert report.invariants == "ok"
    assert [file.book_equal for file in report.files] == [True] * 22
    assert (sum(file.takes for file in report.files), sum(file.takes_filled for file in report.files)) == (
        1267,
        1257,
    )
    assert sum(file.cancels_short for file in report.files) == 15
    assert not any(file.refused or file.skipped for file in report.files)
    for file in report.files:
        # What differs follows an order that crossed: a feed race, told before the trade that made room.
        assert file.crossing or not file.shortfalls, file.file


async def test_a_durable_replay_is_the_same_after_a_restart(tmp_path: Path) -> None:
    recordings = [
        open_recording(path)
        for name in SHORTEST
        for path in recorded_files(f"polymarket_l2/{name}.ops.csv.gz")
    ]
    async with venue(tmp_path) as there:
        report = await there.replay(*recordings)
        before = (await verify(there.store, there.codec)).state_hash
    assert [file.book_equal for file in report.files] == [True] * 3
    async with venue(tmp_path) as again:
        checked = await verify(again.store, again.codec)
        state = await again.exchange.directory.find_market(Ticker(report.files[0].markets[0].market))
        assert (checked.violations, checked.state_hash) == ([], before)
        assert state is not None
        assert state.trades == report.files[0].fills


@pytest.mark.parametrize(
    "name",
    [
        "core_cpi_releases",
        *(["headline_cpi_end_of_year", "recession_annual", "unemployment"] if SOAK else []),
    ],
)
async def test_every_recorded_kalshi_trade_happens(name: str, tmp_path: Path) -> None:
    (path,) = recorded_files(f"kalshi_trades/{name}.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    report = await replayed([open_recording(path)], tmp_path if SOAK else None)
    (file,) = report.files
    assert (file.fills, file.volume) == (len(rows), 100 * sum(int(row["count"]) for row in rows))
    assert Counter({end.market: end.fills for end in file.markets}) == Counter(row["ticker"] for row in rows)
    assert (file.takes, file.takes_filled) == (len(rows), len(rows))
    assert (report.invariants, file.refused) == ("ok", {})


@pytest.mark.parametrize("name", ["1.166811431_nba_match_odds", "1.181223995_horse_place"])
async def test_betfair_flow_gives_the_books_a_plain_matcher_gives(name: str) -> None:
    (path,) = recorded_files(f"betfair_stream/{name}.jsonl.gz")
    part = Part(open_recording(path), limit=50_000 if SOAK else 2_500)
    plain = run(part.instructions())
    async with venue() as there:
        report = await there.replay(part)
        (file,) = report.files
        assert (report.invariants, file.refused, file.shortfalls) == ("ok", {}, [])
        for end in file.markets:
            state = await there.exchange.directory.find_market(Ticker(end.market))
            assert state is not None
            assert state.ended or book_of(state) == plain.books[end.market].book()


async def test_a_betfair_market_ends_as_recorded() -> None:
    (path,) = recorded_files("betfair_stream/1.132153978_horse_win_basic.jsonl.gz")
    async with venue() as there:
        report = await there.replay(open_recording(path))
        results = [
            state.result.value
            for end in report.files[0].markets
            if (state := await there.exchange.directory.find_market(Ticker(end.market))) and state.result
        ]
    assert report.invariants == "ok"
    assert Counter(results) == {"yes": 1, "no": 11, "void": 2}


async def test_forecasters_orders_trade_and_orders_for_nothing_are_refused(tmp_path: Path) -> None:
    files = recorded_files("gjp/batch_orders_*.csv.gz") if SOAK else recorded_files("gjp/*_batch_train_*")
    report = await replayed([open_recording(path) for path in files], tmp_path if SOAK else None)
    assert report.invariants == "ok"
    for path, file in zip(files, report.files, strict=True):
        orders = [o for o in open_recording(path).instructions() if isinstance(o, LimitOrder)]
        for_nothing = sum(order.quantity == 0 for order in orders)
        assert (file.orders, file.skipped) == (len(orders), {})
        assert file.refused == ({"invalid_quantity": for_nothing} if for_nothing else {})
        assert file.fills > 1_000


async def test_a_second_replay_into_the_same_exchange_leaves_its_markets_alone() -> None:
    (path,) = recorded_files("polymarket_l2/mlb-pit-mil-2025-06-24.ops.csv.gz")
    async with venue() as there:
        first = (await there.replay(open_recording(path))).files[0]
        second = (await there.replay(open_recording(path))).files[0]
    (market,) = [
        i.market for i in islice(open_recording(path).instructions(), 1) if isinstance(i, OpenMarket)
    ]
    assert first.book_equal is True
    assert list(second.skipped) == [market]
    assert "replay the file into a folder without it" in second.skipped[market]
    assert (second.orders, second.fills, second.book_equal) == (0, 0, None)
