"""What the rules against manipulation find in recorded flow, at the times it was recorded."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.recordings.formats import open_recording
from adapters.surveillance.rules import ON, surveillance_rules
from application.replay.flow import Instruction
from application.surveillance.past import Span, surveil
from application.surveillance.surveillance import Surveillance
from tests.acceptance.recorded_data import recorded_files
from tests.acceptance.replayed import Part, venue


class Clock:
    """Stands where the recording is."""

    at_us = 0

    def now_us(self) -> int:
        return self.at_us


class InItsTime(Part):
    """A recording that moves a clock along."""

    clock: Clock

    def instructions(self) -> Iterator[Instruction]:
        for instruction in super().instructions():
            self.clock.at_us = max(self.clock.at_us, instruction.at_us)
            yield instruction


async def findings(path: Path, limit: int | None = None) -> Counter[tuple[str, tuple[str, ...]]]:
    """Return how often which rule found which accounts."""
    clock = Clock()
    recording = InItsTime(open_recording(path), limit=limit)
    recording.clock = clock
    async with venue(clock=clock) as there:
        report = await there.replay(recording, window=1)
        assert report.invariants == "ok"
        surveillance = Surveillance(surveillance_rules(ON))
        found = surveil(there.store, there.codec, surveillance, Span())
        return Counter([(each.rule.id, each.accounts) async for each in found])


async def test_no_forecaster_is_flagged() -> None:
    """These are people with names, trading for points over months."""
    (path,) = recorded_files("gjp/*_batch_train_*")
    assert await findings(path, limit=1_000) == {}


@pytest.mark.more
@pytest.mark.parametrize("group", ["supers", "teams", "batch_train", "batch_notrain"])
async def test_no_forecaster_of_any_group_is_flagged(group: str) -> None:
    (path,) = recorded_files(f"gjp/batch_orders_{group}_yr4*")
    assert await findings(path) == {}


@pytest.mark.more
async def test_books_without_names_show_how_fast_the_whole_market_is_and_nothing_else() -> None:
    """All who rest on a side are one account here, and all who take another: only pace can be seen."""
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for path in recorded_files("polymarket_l2/mlb-*-2025-06-19.ops.csv.gz"):
        found += await findings(path)
    assert found == {
        ("quote-stuffing", ("replay-bidder",)): 4,
        ("quote-stuffing", ("replay-asker",)): 3,
        ("order-to-trade", ("replay-asker",)): 1,
    }
