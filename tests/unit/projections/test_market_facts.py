"""What is known of a market as it goes through its life: its status, why, and when each step was."""

from dataclasses import fields
from typing import Any

from domain.identifiers import Ticker
from domain.market import events as e
from domain.market.vocabulary import Result
from domain.quantities import Ticks
from projections.folds.market_facts import MarketRow, change, listed
from tests.unit.event_schemas.market_examples import LIFECYCLE
from tests.unit.projections.events import Log

STEPS = ("opened_at_us", "closed_at_us", "determined_at_us", "settled_at_us")


def lived(*events: Any) -> list[tuple[str, str, dict[str, int]]]:
    """Return status, reason and the times of its steps after each event, the first of which is at 1."""
    log = Log()
    row = listed(log.add("market-M", LIFECYCLE["MarketCreated"], at_us=0))
    told = []
    for at_us, event in enumerate(events, start=1):
        change(row, log.add("market-M", event, at_us=at_us))
        assert (row.updated_at_us, row.revision) == (at_us, at_us)
        told.append((row.status, row.status_reason, steps(row)))
    return told


def steps(row: MarketRow) -> dict[str, int]:
    times = {field.name: getattr(row, field.name) for field in fields(MarketRow) if field.name in STEPS}
    return {name: at_us for name, at_us in times.items() if at_us is not None}


def test_a_reason_goes_when_what_it_was_for_is_over() -> None:
    told = lived(
        e.MarketActivated(),
        e.MarketPaused(reason="rain"),
        e.MarketResumed(),
        e.MarketPaused(reason="snow"),
        e.MarketClosed(),
        e.MarketDetermined(result=Result.YES, evidence="seen"),
        e.MarketDisputed(reason="not by me"),
        e.MarketDetermined(result=Result.NO, evidence="looked again"),
        e.MarketFinalized(result=Result.NO),
    )
    assert [(status, reason) for status, reason, _ in told] == [
        ("active", ""),
        ("inactive", "rain"),
        ("active", ""),
        ("inactive", "snow"),
        ("closed", ""),
        ("determined", "seen"),
        ("disputed", "not by me"),
        ("determined", "looked again"),
        ("finalized", "looked again"),
    ]
    assert told[-1][2] == {
        "opened_at_us": 1, "closed_at_us": 5, "determined_at_us": 8, "settled_at_us": 9,
    }  # fmt: skip


def test_a_market_that_ends_while_it_is_open_was_closed_then() -> None:
    voided = e.MarketVoided(yes_price_ticks=Ticks(5_000), reason="nobody knows")
    called_off = e.MarketCalledOff(parent=Ticker("P"), parent_result=Result.NO)
    for end, reason in ((voided, "nobody knows"), (called_off, "P ended no")):
        assert lived(e.MarketActivated(), end)[-1] == (
            "finalized", reason, {"opened_at_us": 1, "closed_at_us": 2, "settled_at_us": 2},
        )  # fmt: skip
        closed_before = lived(e.MarketActivated(), e.MarketClosed(), end)[-1][2]
        assert closed_before == {"opened_at_us": 1, "closed_at_us": 2, "settled_at_us": 3}
