"""The files of a JSON Lines log are cut off and altered at every byte of their last 4 KiB."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.json_lines_log import log
from adapters.event_stores.json_lines_log.folder import head_text, prepare, segments
from adapters.event_stores.json_lines_log.lines import decode_line, encode_line
from adapters.event_stores.json_lines_log.loading import load_index
from adapters.event_stores.json_lines_log.log import JsonLinesReader
from adapters.event_stores.json_lines_view import FileLogView
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


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_log_damaged_at_any_byte_is_refused_saying_where(folder: Path, number: int) -> None:
    whole = load(folder)
    files = sorted(path for path in folder.iterdir() if path.name != "lock")
    assert len(files) == 4
    path = files[number]
    for _ in damages(path):
        with pytest.raises(UnusableLog) as refused:
            load(folder)
        assert str(path) in str(refused.value) or str(folder / "head.json") in str(refused.value)
    assert load(folder) == whole


def test_a_clean_cut_at_the_end_is_refused_and_says_how_to_go_on_without_it(folder: Path) -> None:
    whole = load(folder)
    last = max(folder.glob("*.jsonl"))
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:-2]))
    said = refusal(folder)
    assert f"says event {len(whole)}, but the log ends at event {len(whole) - 2}: its end is missing" in said
    (folder / "head.json").write_text(said.rpartition("that file: ")[2] + "\n")
    assert load(folder) == whole[:-2]


async def test_the_head_names_the_last_event_of_an_append_of_several(tmp_path: Path) -> None:
    store = FileEventStore.open(tmp_path)
    events = [NewEvent(id=UUID(int=number + 1), type="Noted", data=b"{}") for number in range(3)]
    await store.append("s", events, expected=-1)
    assert (tmp_path / "head.json").read_bytes() == head_text(3, events[-1].id)
    await store.close()
    segment = max(tmp_path.glob("*.jsonl"))  # noqa: ASYNC240
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    assert "says event 3, but the log ends at event 2" in refusal(tmp_path)


def test_a_missing_last_segment_is_refused(folder: Path) -> None:
    max(folder.glob("*.jsonl")).unlink()
    assert "its end is missing" in refusal(folder)


def test_a_missing_head_is_refused_and_can_be_accepted(folder: Path) -> None:
    whole = load(folder)
    (folder / "head.json").unlink()
    said = refusal(folder)
    assert "nobody can say whether the end of the log is there" in said
    (folder / "head.json").write_text(said.rpartition("that file: ")[2] + "\n")
    assert load(folder) == whole


def test_the_head_of_another_log_is_refused(folder: Path) -> None:
    (folder / "head.json").write_bytes(head_text(3, UUID(int=99)))
    assert "another log's head" in refusal(folder)


def test_a_crash_between_an_append_and_its_head_loses_nothing(folder: Path) -> None:
    whole = load(folder)
    head = folder / "head.json"
    head.write_bytes(head_text(len(whole) - 1, whole[-2].id))
    asyncio.run(_reopened(folder))
    assert head.read_bytes() == head_text(len(whole), whole[-1].id), "from now on it is known"
    assert load(folder) == whole


def test_a_log_from_before_there_were_heads_is_opened_and_gets_one(folder: Path) -> None:
    whole = load(folder)
    (folder / "head.json").unlink()
    (folder / "presage-log.json").write_bytes(b'{"format": "presage-json-lines", "version": 1}\n')
    assert load(folder) == whole
    asyncio.run(_reopened(folder))
    max(folder.glob("*.jsonl")).unlink()
    assert "its end is missing" in refusal(folder)


async def _reopened(folder: Path) -> None:
    await FileEventStore.open(folder).close()


def test_a_line_with_a_revision_that_does_not_follow_is_refused(folder: Path) -> None:
    last = max(folder.glob("*.jsonl"))
    lines = last.read_bytes().splitlines(keepends=True)
    event = decode_line(lines[-1])
    lines[-1] = encode_line(replace(event, revision=event.revision + 1))
    last.write_bytes(b"".join(lines))
    said = refusal(folder)
    assert f"it holds revision {event.revision + 1} of {event.stream}, not {event.revision}" in said


class Disk:
    """Notes what the system is asked to make durable, and what would be lost if the power failed now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: dict[int, bytes] = {}
        self.folder_synced = True
        fsync, rename = os.fsync, Path.rename

        def noting_fsync(descriptor: int) -> None:
            fsync(descriptor)
            file = Path(f"/proc/self/fd/{descriptor}").resolve()
            if file.is_dir():
                self.folder_synced = True
            else:
                self.synced[os.fstat(descriptor).st_ino] = file.read_bytes()

        def noting_rename(path: Path, target: Path) -> Path:
            assert self.synced.get(path.stat().st_ino) == path.read_bytes(), "renamed before it was synced"
            self.folder_synced = False
            return rename(path, target)

        monkeypatch.setattr(os, "fsync", noting_fsync)
        monkeypatch.setattr(Path, "rename", noting_rename)

    def check(self, folder: Path) -> None:
        assert self.folder_synced, "answered before the new name was durable"
        for path in folder.glob("*.json*"):
            assert self.synced[path.stat().st_ino] == path.read_bytes()


async def test_an_append_is_answered_when_its_bytes_and_its_name_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    store = FileEventStore.open(tmp_path)
    for number in range(5):
        event = NewEvent(id=UUID(int=number + 1), type="Noted", data=b"{}")
        await store.append("s", [event], expected=number - 1)
        disk.check(tmp_path)
    await store.close()


async def test_events_are_found_by_market_type_and_time_in_the_files(tmp_path: Path) -> None:
    store = FileEventStore.open(tmp_path)
    for number, (stream, kind) in enumerate(
        [("market-A", "X"), ("market-AB", "X"), ("market-A", "Y"), ("ledger-00", "X"), ("market-A", "X")]
    ):
        metadata = b'{"version":1,"at_us":%d}' % (1_000 + number)
        event = NewEvent(id=UUID(int=number + 1), type=kind, data=b"{}", metadata=metadata)
        expected = sum(event.stream == stream for event in await store.get_events()) - 1
        await store.append(stream, [event], expected=expected)
    await store.close()
    store = FileEventStore.open(tmp_path)

    async def found(*args: str, **more: Any) -> list[int]:
        return [int(event.position) for event in await store.get_events(*args, **more)]

    assert await found() == [1, 2, 3, 4, 5]
    assert await found("A") == [1, 3, 5]
    assert await found("A", event_type="X") == [1, 5]
    assert await found(event_type="X", since_us=1_001, until_us=1_003) == [2, 4]
    assert await found("A", since_us=1_004) == [5]
    assert await found("NOWHERE") == []
    await store.close()


async def test_a_log_is_read_and_followed_beside_the_process_that_writes_it(tmp_path: Path) -> None:
    store = FileEventStore.open(tmp_path)
    view = FileLogView.open(tmp_path)
    seen: list[int] = []
    pages = view.subscribe()
    for number in range(60):
        event = NewEvent(id=UUID(int=number + 1), type="Noted", data=b'{"text":"%s"}' % (b"x" * 5_000))
        await store.append("s", [event], expected=number - 1)
        while len(seen) <= number:
            seen += [event.revision for event in (await anext(pages)).events]
    assert seen == list(range(60))
    assert len(segments(tmp_path)) > 1
    await pages.aclose()
    await view.close()
    await store.close()


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
