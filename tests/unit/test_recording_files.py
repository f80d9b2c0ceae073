"""Formats are told by content, and a bad file is refused with its name, the line and what is wrong."""

import gzip
from pathlib import Path

import pytest

from adapters.recordings import files
from adapters.recordings.files import RecordingFile
from adapters.recordings.formats import open_recording
from application.replay.recording import UnreadableRecording
from tests.unit.recording_samples import (
    GJP_HEADER,
    KALSHI_HEADER,
    POLYMARKET_HEADER,
    betfair_line,
    definition,
    write,
)

SAMPLES = {
    "polymarket-ops": (POLYMARKET_HEADER, "1,1000,add,bid,0.5,10"),
    "kalshi-trades": (KALSHI_HEADER, "t1,ABC-1,2024-01-01T00:00:00Z,3,40,60,yes"),
    "gjp-batch-orders": (GJP_HEADER, "1,2014-08-20T00:18,5,,77,77 - Will it?,Yes,buy,10,100,0"),
    "betfair-stream": (betfair_line(1, definition=definition("OPEN", {7: "ACTIVE", 8: "ACTIVE"})),),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_told_by_content_whatever_the_file_is_called(
    tmp_path: Path, name: str, *, packed: bool
) -> None:
    path = write(tmp_path / "anything.bin", *SAMPLES[name], packed=packed)
    recording = open_recording(path)
    assert recording.format == name
    assert recording.name == "anything.bin"
    assert recording.recorded_final_book() is None
    assert list(recording.instructions()) == list(recording.instructions())
    assert recording.count_hint == len(list(recording.instructions()))


def test_columns_may_stand_in_any_order_with_others_between(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "note,size,price,side,op,ts_ms,seq", "x,10,0.5,bid,add,1000,1")
    assert open_recording(path).format == "polymarket-ops"


def test_a_byte_order_mark_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "\ufeff" + POLYMARKET_HEADER, "", "1,1000,add,bid,0.5,10", "")
    assert len(list(open_recording(path).instructions())) == 2


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        ([], None, "empty"),
        (["what,is,this"], 1, "no recording Presage knows"),
        (['{"op":"other"}'], 1, "no recording Presage knows"),
        (["[" * 100_000], 1, "no recording Presage knows"),
        ([POLYMARKET_HEADER, "1,1000,add,bid,0.5"], 2, "5 columns where 6 are expected"),
        ([POLYMARKET_HEADER, "1,1000,add,bid,0.5,x"], 2, "'x' is not a plain decimal number"),
        ([POLYMARKET_HEADER, '1,1000,add,bid,0.5,"10'], 2, "not valid CSV"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, lines: list[str], line: int | None, problem: str) -> None:
    path = write(tmp_path / "bad.csv", *lines)
    with pytest.raises(UnreadableRecording, match=problem) as refused:
        open_recording(path)
    assert refused.value.path == path
    assert refused.value.line == line
    assert str(path) in str(refused.value)


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    rows = [f"{seq},1000,add,bid,0.5,{seq}.{seq % 90 + 10}" for seq in range(1, 2000)]
    path = write(tmp_path / "cut.gz", POLYMARKET_HEADER, *rows, packed=True)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(UnreadableRecording, match=r"line \d+: the gzip file is truncated"):
        open_recording(path)


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    rows = [f"{seq},1000,add,bid,0.5,{seq}" for seq in range(1, 500)]
    packed = bytearray(gzip.compress("\n".join([POLYMARKET_HEADER, *rows]).encode()))
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "bad.gz").write_bytes(packed)
    with pytest.raises(UnreadableRecording, match=r"bad.gz, line \d+"):
        open_recording(tmp_path / "bad.gz")


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(POLYMARKET_HEADER.encode() + b"\n1,1000,add,b\xefd,0.5,10\n")
    with pytest.raises(UnreadableRecording, match="line 2: the text is not UTF-8"):
        open_recording(tmp_path / "latin")


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LONGEST_LINE_BYTES", 1_000)
    path = write(tmp_path / "long", POLYMARKET_HEADER, "1" * 5_000)
    with pytest.raises(UnreadableRecording, match="line 2: the line is longer than 1,000 bytes"):
        list(RecordingFile(path).lines())


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UnreadableRecording, match="cannot be read"):
            open_recording(path)
