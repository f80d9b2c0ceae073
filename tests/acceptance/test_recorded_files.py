"""Every recorded file at hand, read and checked against what is known of it."""

import csv
import gzip
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from adapters.recordings.formats import open_recording
from adapters.recordings.gjp_questions import read_questions
from application.replay.book import differences
from application.replay.conditional_questions import plan_conditionals
from application.replay.flow import (
    CancelAtLevel,
    Close,
    Instruction,
    LimitOrder,
    OpenGroup,
    OpenMarket,
    RecordedTrade,
    Resolve,
    ResolveGroup,
    TakeOrder,
    UnplacedTrade,
    Void,
)
from application.replay.recording import UnreadableRecording
from tests.acceptance.price_time_matcher import Run, run
from tests.acceptance.recorded_data import recorded_files


def kinds(instructions: list[Instruction]) -> Counter[type[Instruction]]:
    return Counter(type(instruction) for instruction in instructions)


@cache
def instructions_of(path: Path) -> list[Instruction]:
    recording = open_recording(path)
    instructions = list(recording.instructions())
    assert len(instructions) == recording.count_hint
    times = [instruction.at_us for instruction in instructions]
    assert times == sorted(times)
    return instructions


@pytest.fixture(scope="module")
def polymarket_runs() -> dict[str, Run]:
    files = recorded_files("polymarket_l2/*.ops.csv.gz")
    return {path.name.removesuffix(".ops.csv.gz"): run(instructions_of(path)) for path in files}


def test_every_polymarket_file_ends_on_the_recorded_final_book(polymarket_runs: dict[str, Run]) -> None:
    for path in recorded_files("polymarket_l2/*.ops.csv.gz"):
        recorded = open_recording(path).recorded_final_book()
        (replayed,) = polymarket_runs[path.name.removesuffix(".ops.csv.gz")].books.values()
        assert recorded is not None
        assert recorded.bids or recorded.asks
        assert differences(recorded, replayed.book()) == (), path.name


def test_all_but_ten_polymarket_takes_fill_in_full(polymarket_runs: dict[str, Run]) -> None:
    assert len(polymarket_runs) == 22
    assert sum(ran.takes for ran in polymarket_runs.values()) == 1267
    assert {slug: len(ran.short_takes) for slug, ran in polymarket_runs.items() if ran.short_takes} == {
        "mlb-col-wsh-2025-06-19": 2,
        "mlb-mil-chc-2025-06-17": 2,
        "mlb-sd-lad-2025-06-17": 3,
        "mlb-tb-kc-2025-06-25": 1,
        "mlb-tor-cle-2025-06-24": 2,
    }


def test_fifteen_polymarket_cancels_ask_for_more_than_rests(polymarket_runs: dict[str, Run]) -> None:
    assert {slug: len(ran.short_cancels) for slug, ran in polymarket_runs.items() if ran.short_cancels} == {
        "mlb-col-wsh-2025-06-19": 3,
        "mlb-mil-chc-2025-06-17": 6,
        "mlb-mil-chc-2025-06-19": 4,
        "mlb-sd-lad-2025-06-17": 1,
        "mlb-tb-kc-2025-06-25": 1,
    }


def test_polymarket_shortfalls_follow_an_order_that_crossed(polymarket_runs: dict[str, Run]) -> None:
    # In a feed race an order is reported before the trade that made room for it. Matched as reported it
    # trades at once, so the take or cancel reported next finds that much less.
    assert sum(len(ran.crossing_adds) for ran in polymarket_runs.values()) == 12
    for slug, ran in polymarket_runs.items():
        short = [*ran.short_takes, *ran.short_cancels]
        assert not short or ran.crossing_adds[0] < min(short), slug


@pytest.mark.parametrize(
    ("name", "trades", "markets"),
    [
        ("core_cpi_releases", 3_456, 161),
        ("headline_cpi_end_of_year", 9_685, 29),
        ("recession_annual", 15_179, 4),
        ("unemployment", 24_803, 237),
    ],
)
def test_kalshi_files_yield_every_trade(name: str, trades: int, markets: int) -> None:
    (path,) = recorded_files(f"kalshi_trades/{name}.csv.gz")
    assert kinds(instructions_of(path)) == {RecordedTrade: trades, OpenMarket: markets}


def test_a_kalshi_file_that_is_no_list_of_trades_is_refused() -> None:
    (path,) = recorded_files("kalshi_trades/markets_inferred.csv.gz")
    with pytest.raises(UnreadableRecording, match=r"markets_inferred.csv.gz, line 1: this is no recording"):
        open_recording(path)


@pytest.mark.parametrize(
    ("name", "orders", "traders"),
    [
        ("supers", 5_250, 107),
        ("batch_train", 3_911, 222),
        ("batch_notrain", 4_694, 248),
    ],
)
def test_gjp_files_yield_every_order(name: str, orders: int, traders: int) -> None:
    (path,) = recorded_files(f"gjp/batch_orders_{name}_yr4.csv.gz")
    placed = [order for order in instructions_of(path) if isinstance(order, LimitOrder)]
    assert len(placed) == orders
    assert len({order.actor for order in placed}) == traders


def test_the_172_conditional_questions_make_84_groups_that_end_as_recorded() -> None:
    (path,) = recorded_files("gjp/questions.jsonl.gz")
    plan = plan_conditionals(read_questions(path))
    branches = [branch for group in plan.groups for branch in group.branches]
    markets = [market for branch in branches for market in branch.markets]
    assert (len(plan.groups), len(branches), len(markets)) == (84, 172, 172)
    assert Counter(branch.called_off for branch in branches) == {True: 93, False: 79}
    assert Counter(len(group.parents) for group in plan.groups) == {1: 82, 4: 2}
    names = [market.market for market in markets]
    names += [parent.market for group in plan.groups for parent in group.parents]
    assert len(set(names)) == 172 + 82 + 8
    for group in plan.groups:
        results = {parent.market: parent.result for parent in group.parents}
        for branch in group.branches:
            assert branch.called_off == (results[branch.parent] != branch.required)


def test_every_order_on_a_conditional_question_finds_its_planned_market() -> None:
    (questions,) = recorded_files("gjp/questions.jsonl.gz")
    plan = plan_conditionals(read_questions(questions))
    groups = {group.group for group in plan.groups}
    routed: Counter[str] = Counter()
    for path in recorded_files("gjp/batch_orders_*.csv.gz"):
        orders = {order.ref: order for order in instructions_of(path) if isinstance(order, LimitOrder)}
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            rows = [row for row in csv.DictReader(text) if row["ifp_group"] in groups]
        for row in rows:
            assert orders[row["batch_order_id"]].market == plan.market_of(row["ifp_group"], row["outcome"])
            routed[row["ifp_group"]] += 1
    assert sum(routed.values()) == 582
    assert len(routed) == 6


@pytest.mark.parametrize(
    ("name", "unplaced"),
    [
        ("1.166811431_nba_match_odds", 0),
        ("1.180305278_cricket_match_odds", 90),
        ("1.206064380_horse_win", 18),
        ("1.181223995_horse_place", 12),
    ],
)
def test_betfair_files_match_without_a_crossing_or_a_shortfall(name: str, unplaced: int) -> None:
    (path,) = recorded_files(f"betfair_stream/{name}.jsonl.gz")
    instructions = instructions_of(path)
    ran = run(instructions)
    assert (ran.crossing_adds, ran.short_takes, ran.short_cancels) == ([], [], [])
    counted = kinds(instructions)
    assert counted[UnplacedTrade] == unplaced
    assert counted[TakeOrder] > 1_900
    assert counted[CancelAtLevel] > 4_000


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("1.132153978_horse_win_basic", {OpenMarket: 14, Void: 2, Close: 12, Resolve: 12}),
        ("1.166811431_nba_match_odds", {OpenGroup: 1, OpenMarket: 2, Close: 2, ResolveGroup: 1}),
        ("1.180305278_cricket_match_odds", {OpenGroup: 1, OpenMarket: 2, Close: 2, ResolveGroup: 1}),
        ("1.206064380_horse_win", {OpenMarket: 13, Void: 1, Close: 12, Resolve: 12}),
        ("1.181223995_horse_place", {OpenMarket: 10, Close: 10, Resolve: 10}),
    ],
)
def test_betfair_files_end_with_their_results(name: str, counts: dict[type[Instruction], int]) -> None:
    (path,) = recorded_files(f"betfair_stream/{name}.jsonl.gz")
    found = kinds(instructions_of(path))
    lifecycle = (OpenGroup, OpenMarket, Void, Close, Resolve, ResolveGroup)
    assert {kind: found[kind] for kind in lifecycle if found[kind]} == counts


def test_three_horses_of_the_place_market_win() -> None:
    (path,) = recorded_files("betfair_stream/1.181223995_horse_place.jsonl.gz")
    results = [end.result for end in instructions_of(path) if isinstance(end, Resolve)]
    assert Counter(results) == {"yes": 3, "no": 7}
