"""Kalshi trades become trades to be made exactly, in markets opened at their first trade."""

from pathlib import Path

import pytest

from adapters.recordings.formats import open_recording
from application.replay.flow import OpenMarket, RecordedTrade
from application.replay.recording import UnreadableRecording
from tests.unit.recording_samples import KALSHI_HEADER, replayed, write

TRADES = (
    KALSHI_HEADER,
    "t1,ABC-24-T1.5,1970-01-01T00:00:01.5Z,3,40,60,yes",
    "t2,DEF-1,1970-01-01T00:00:02Z,50000,1,99,no",
    "t3,ABC-24-T1.5,1970-01-01T00:00:02Z,1,41,59,no",
)


def test_a_market_is_opened_at_its_first_trade(tmp_path: Path) -> None:
    instructions = replayed(write(tmp_path / "trades.csv", *TRADES))
    assert instructions[:2] == [
        OpenMarket(
            market="ABC-24-T1.5",
            title="ABC-24-T1.5",
            tick_size_ticks=100,
            quantity_step=100,
            at_us=1_500_000,
        ),
        RecordedTrade(
            ref="t1",
            market="ABC-24-T1.5",
            taker_side="yes",
            yes_price_ticks=4000,
            quantity=300,
            at_us=1_500_000,
        ),
    ]
    assert [type(instruction) for instruction in instructions[2:]] == [
        OpenMarket,
        RecordedTrade,
        RecordedTrade,
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("t4,ABC,2024-01-01T00:00:00Z,1,40,61,yes", "prices of 40 and 61 cents do not add up to 100"),
        ("t4,ABC,2024-01-01T00:00:00Z,1,0,100,yes", "a price of 0"),
        ("t4,ABC,2024-01-01T00:00:00Z,0,40,60,yes", "a quantity of zero"),
        ("t4,ABC,2024-01-01T00:00:00Z,1,40,60,maybe", "the taker's side is 'maybe'"),
        ("t4,a b,2024-01-01T00:00:00Z,1,40,60,yes", "'a b' is no ticker"),
        ("t4,,2024-01-01T00:00:00Z,1,40,60,yes", "'' is no ticker"),
        ("t4,ABC,yesterday,1,40,60,yes", "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_a_bad_trade_is_refused_with_its_line(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(UnreadableRecording, match=f"line 5: {problem}"):
        open_recording(write(tmp_path / "trades.csv", *TRADES, row))
