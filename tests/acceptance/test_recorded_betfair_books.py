"""The Betfair recordings again, folded a second way: raw JSON and fractions against matched instructions."""

import gzip
import json
import math
from collections import defaultdict
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from adapters.recordings.formats import open_recording
from application.replay.book import Book
from tests.acceptance.price_time_matcher import Run, execute
from tests.acceptance.recorded_data import recorded_files

CHECK_EVERY = 250

Stakes = dict[tuple[int, str], dict[Fraction, Fraction]]


def fold(stakes: Stakes, change: dict[str, Any]) -> None:
    if change.get("img"):
        stakes.clear()
    for runner in change.get("rc", ()):
        for side in ("atb", "atl"):
            for odds, stake in runner.get(side, ()):
                stakes[runner["id"], side][Fraction(odds)] = Fraction(stake)


def level_totals(stakes: Stakes, runner: int, side: str) -> dict[int, int]:
    totals: dict[int, int] = defaultdict(int)
    for odds, stake in stakes[runner, side].items():
        ticks = math.ceil(10_000 / odds) if side == "atb" else math.floor(10_000 / odds)
        totals[ticks] += math.floor(stake * odds * 100)
    return totals


def books_told(path: Path) -> dict[int, dict[str, Book]]:
    """Return every runner's book by time, at some of the times at which the market trades."""
    stakes: Stakes = defaultdict(dict)
    told: dict[int, dict[str, Book]] = {}
    status, runners = "", list[int]()
    with gzip.open(path, "rt", encoding="utf-8") as text:
        messages = [json.loads(line, parse_float=str) for line in text]
    for number, (pt, same_time) in enumerate(groupby(messages, key=lambda message: message["pt"])):
        for change in (change for message in same_time for change in message["mc"]):
            if definition := change.get("marketDefinition"):
                status = definition["status"]
                runners = [each["id"] for each in definition["runners"] if each["status"] != "REMOVED"]
            fold(stakes, change)
        if number % CHECK_EVERY == 0 and status == "OPEN":
            told[pt * 1000] = {
                f"BF-{change['id']}-{runner}": Book.of(
                    level_totals(stakes, runner, "atl"), level_totals(stakes, runner, "atb")
                )
                for runner in runners
            }
    return told


@pytest.mark.parametrize(
    "name", ["1.166811431_nba_match_odds", "1.180305278_cricket_match_odds", "1.206064380_horse_win"]
)
def test_matching_the_instructions_keeps_every_level_as_the_feed_says(name: str) -> None:
    (path,) = recorded_files(f"betfair_stream/{name}.jsonl.gz")
    told, ran, checked = books_told(path), Run(), 0
    instructions = list(open_recording(path).instructions())
    times = groupby(enumerate(instructions), key=lambda numbered: numbered[1].at_us)
    at_us, at_that_time = next(times)
    for checkpoint_us, books in sorted(told.items()):
        while at_us <= checkpoint_us:
            for position, instruction in at_that_time:
                execute(ran, position, instruction)
            at_us, at_that_time = next(times)
        checked += len(books)
        assert {market: ran.books[market].book() for market in books} == books
    assert checked > 40
