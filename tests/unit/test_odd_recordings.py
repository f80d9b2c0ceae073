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
