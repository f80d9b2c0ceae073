"""Files that are no recording, or an odd one, are refused by name and never end in a fault of ours."""

from pathlib import Path

import pytest

from adapters.recordings.formats import open_recording
from application.replay.flow import OpenMarket
from application.replay.recording import UnreadableRecording
from application.replay.tickers import fitting

ROWS = "seq,ts_ms,op,side,price,size\n1,1700000000000,add,bid,0.4,100\n"


@pytest.mark.parametrize(
    "text",
    [ROWS.replace("\n", "\r"), "x" * 131_073 + "\n", '"' + "y" * 200_000 + '"\n', "a,b\r\rc\n"],
    ids=["bare carriage returns", "a long first line", "a long first field", "blank lines of returns"],
)
def test_a_first_line_that_is_no_csv_is_a_fault_of_that_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.ops.csv"
    path.write_bytes(text.encode())
    with pytest.raises(UnreadableRecording) as refused:
        open_recording(path)
    assert refused.value.line == 1


def test_a_long_name_is_cut_and_told_apart(tmp_path: Path) -> None:
    markets = []
    for name in ("a" * 150 + "-yes", "a" * 150 + "-no"):
        path = tmp_path / f"{name}.ops.csv"
        path.write_text(ROWS)
        opening = next(iter(open_recording(path).instructions()))
        assert isinstance(opening, OpenMarket)
        markets.append(opening.market)
    assert len(set(markets)) == 2
    assert {len(market) for market in markets} == {64}
    assert fitting("PM-SHORT") == "PM-SHORT"


def test_a_gap_in_the_sequence_is_a_fault_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gap.ops.csv"
    path.write_text(ROWS + "3,1700000000001,add,bid,0.4,100\n")
    with pytest.raises(UnreadableRecording, match="seq 3 after 1") as refused:
        open_recording(path)
    assert refused.value.line == 3


def test_a_trade_that_stands_there_twice_is_a_fault_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    row = "t1,A,1,50,50,yes,2026-01-01T00:00:00Z\n"
    path.write_text("trade_id,ticker,count,yes_price,no_price,taker_side,created_time\n" + 2 * row)
    with pytest.raises(UnreadableRecording, match="trade t1 stands there twice") as refused:
        open_recording(path)
    assert refused.value.line == 3
