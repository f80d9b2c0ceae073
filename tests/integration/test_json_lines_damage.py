"""The files of a JSON Lines log are cut off and altered at every byte of their last 4 KiB."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.json_lines_log import log
from adapters.event_stores.json_lines_log.folder import prepare
from adapters.event_stores.json_lines_log.loading import load_index
from adapters.event_stores.json_lines_log.log import JsonLinesReader
from application.ports.event_store import NewEvent, RecordedEvent

TAIL_BYTES = 4096
MASKS = [1 << bit for bit in range(8)] if os.environ.get("PRESAGE_SOAK") else []


async def _write_log(folder: Path) -> None:
    store = FileEventStore.open(folder)
    try:
        for n in range(45):
            event = NewEvent(id=UUID(int=n + 1), type="Noted", data=b'{"n":%d,"text":"\xc3\xa9"}' % n)
            await store.append(f"s{n % 3}", [event], expected=n // 3 - 1)
    finally:
        await store.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log in two segments, of 30 and 15 events."""
    monkeypatch.setattr(log, "SEGMENT_BYTES", 6000)
    asyncio.run(_write_log(tmp_path))
    return tmp_path


def load(folder: Path) -> Sequence[RecordedEvent]:
    """Do what opening does, without the lock and the writer thread."""
    prepare(folder)
    index = load_index(folder)
    return JsonLinesReader(folder, index).events(range(1, index.head + 1))


def damages(path: Path) -> Iterator[None]:
    """Cut the file at every byte of its tail, then alter every byte of it, one at a time."""
    content = path.read_bytes()
    tail = range(max(0, len(content) - TAIL_BYTES), len(content))
    for size in reversed(tail):
        os.truncate(path, size)
        yield
    path.write_bytes(content)
    with path.open("r+b", buffering=0) as file:
        for offset in tail:
            for mask in MASKS or (1 << offset % 8,):
                os.pwrite(file.fileno(), bytes([content[offset] ^ mask]), offset)
                yield
            os.pwrite(file.fileno(), content[offset : offset + 1], offset)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_log_damaged_at_any_byte_opens_on_a_whole_prefix_or_is_refused_saying_where(
    folder: Path, number: int
) -> None:
    whole = load(folder)
    files = sorted(path for path in folder.iterdir() if path.name != "lock")
    assert len(files) == 3
    path = files[number]
    opened = 0
    for _ in damages(path):
        try:
            events = load(folder)
        except UnusableLog as refusal:
            if str(path) not in str(refusal):
                raise
        else:
            opened += 1
            # Only a cut between two lines leaves nothing to see.
            assert events == whole[: len(events)]
            assert path.read_bytes().endswith(b"\n")
    assert opened < len(whole)
    assert load(folder) == whole


def refusal(folder: Path) -> str:
    with pytest.raises(UnusableLog) as refused:
        FileEventStore.open(folder)
    return str(refused.value)


def test_the_refusal_names_the_line_the_byte_and_how_much_is_whole(folder: Path) -> None:
    last = max(folder.glob("*.jsonl"))
    lines = last.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"Noted"', b'"Voted"')
    last.write_bytes(b"".join(lines))
    offset = sum(len(line) for line in lines[:4])
    whole = int(last.stem) + 3
    said = refusal(folder)
    assert f"{last}: line 5 at byte {offset} is damaged" in said
    assert f"the {whole} events before it are whole" in said


def test_missing_segments_are_noticed(folder: Path) -> None:
    first, last = sorted(folder.glob("*.jsonl"))
    first.unlink()
    assert f"{folder}: ends at event 0, but {last.name} is next" in refusal(folder)


def test_a_removed_line_is_noticed(folder: Path) -> None:
    last = max(folder.glob("*.jsonl"))
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:3] + lines[4:]))
    assert "line 4" in refusal(folder)


def test_what_a_crash_left_unfinished_is_cleared_away(folder: Path) -> None:
    whole = load(folder)
    unfinished = max(folder.glob("*.jsonl")).with_suffix(".jsonl.tmp")
    unfinished.write_bytes(b'{"position":')
    assert load(folder) == whole
    assert not unfinished.exists()


def test_each_line_is_one_json_object_that_other_tools_can_read(folder: Path) -> None:
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            fields = json.loads(line)
            assert fields["stream"]
            assert fields["data"]
