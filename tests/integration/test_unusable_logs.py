"""Files that an embedded store must not touch are refused, and the message names them."""

import asyncio
import sqlite3
import struct
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.json_lines_log.folder import MANIFEST
from adapters.event_stores.sqlite import SqliteEventStore
from application.ports.event_store import NewEvent
from tests.integration.embedded_stores import OPENERS, start_script, whole_log


def fill(path: Path, events: int = 2000) -> None:
    asyncio.run(_fill(path, events))


async def _fill(path: Path, events: int) -> None:
    store = SqliteEventStore.open(path)
    batch = [NewEvent(id=uuid4(), type="Noted", data=b'{"text":"%s"}' % (b"x" * 100)) for _ in range(events)]
    for n in range(0, events, 500):
        await store.append("a", batch[n : n + 500], expected=n - 1)
    await store.close()


def refusal(path: Path) -> str:
    before = path.read_bytes()
    with pytest.raises(UnusableLog) as refused:
        SqliteEventStore.open(path)
    assert path.read_bytes() == before
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_file_that_is_not_sqlite_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_text("accounts payable\n" * 50)
    assert "not an SQLite file" in refusal(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.touch()
    assert "not an SQLite file" in refusal(path)


def test_another_applications_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE events (id INTEGER)")
    connection.close()
    assert "another application" in refusal(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, 1)
    content = bytearray(path.read_bytes())
    content[60:64] = struct.pack(">I", 2)
    path.write_bytes(content)
    assert "newer Presage" in refusal(path)


@pytest.mark.parametrize("part", ["tables", "middle", "end cut off", "half cut off"])
def test_a_damaged_file_is_refused(tmp_path: Path, part: str) -> None:
    path = tmp_path / "events.db"
    fill(path)
    content = bytearray(path.read_bytes())
    match part:
        case "tables":
            content[100:200] = bytes(100)
        case "middle":
            page = len(content) // 4096 // 2
            content[page * 4096 : page * 4096 + 512] = b"\xff" * 512
        case "end cut off":
            del content[-3000:]
        case _:
            del content[len(content) // 2 :]
    path.write_bytes(content)
    assert refusal(path)


def test_a_refused_log_can_be_opened_once_it_is_restored(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:5000])
    refusal(path)
    path.write_bytes(whole)
    assert len(whole_log("sqlite", tmp_path)) == 2000


@pytest.mark.parametrize("kind", sorted(OPENERS))
async def test_a_log_in_use_by_this_process_is_refused(tmp_path: Path, kind: str) -> None:
    store = OPENERS[kind](tmp_path)
    with pytest.raises(UnusableLog, match="in use by another process"):
        OPENERS[kind](tmp_path)
    await store.close()
    await OPENERS[kind](tmp_path).close()


@pytest.mark.parametrize("kind", sorted(OPENERS))
async def test_a_log_in_use_by_another_process_is_refused_until_that_one_is_gone(
    tmp_path: Path, kind: str
) -> None:
    process = start_script("appending_process.py", kind, str(tmp_path), "1")
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(UnusableLog, match=rf"{tmp_path}.* in use by another process \(id {process.pid}\)"):
        OPENERS[kind](tmp_path)
    process.kill()
    await asyncio.to_thread(process.communicate)
    await OPENERS[kind](tmp_path).close()


async def test_a_folder_with_another_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"format": "presage-json-lines", "version": 2}')
    with pytest.raises(UnusableLog, match=MANIFEST):
        OPENERS["json_lines"](tmp_path)
