"""Stores that own files refuse to write once those are not the ones that were opened."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest

from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from application.ports.event_store import LogReplaced, NewEvent


def event(number: int) -> NewEvent:
    return NewEvent(id=UUID(int=number), type="Happened", data=b"{}")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def two_logs(tmp_path: Path) -> tuple[FileEventStore, Path, Path]:
    """Return an open log of two events, its folder, and a copy from when there was one."""
    folder, old = tmp_path / "log", tmp_path / "old"
    store = FileEventStore.open(folder)
    await store.append("s", [event(1)], expected=-1)
    shutil.copytree(folder, old)
    await store.append("s", [event(2)], expected=0)
    return store, folder, old


async def test_files_of_text_that_were_copied_over_are_not_written_over(tmp_path: Path) -> None:
    store, folder, old = await two_logs(tmp_path)
    shutil.copytree(old, folder, dirs_exist_ok=True)
    with pytest.raises(LogReplaced, match="replaced since it was opened"):
        await store.append("s", [event(3)], expected=1)
    assert contents(folder) == contents(old)
    await store.close()


async def test_a_folder_of_text_that_was_exchanged_is_not_written_to(tmp_path: Path) -> None:
    store, folder, old = await two_logs(tmp_path)
    folder.rename(tmp_path / "away")
    with pytest.raises(LogReplaced, match="gone since it was opened"):
        store.check_place()
    old.rename(folder)
    before = contents(folder)
    with pytest.raises(LogReplaced):
        store.check_place()
    with pytest.raises(LogReplaced):
        await store.append("s", [event(3)], expected=1)
    assert contents(folder) == before
    await store.close()


async def test_a_file_that_is_put_back_is_written_again(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path / "log.db")
    await store.append("s", [event(1)], expected=-1)
    (tmp_path / "log.db").rename(tmp_path / "away.db")
    with pytest.raises(LogReplaced):
        await store.append("s", [event(2)], expected=0)
    (tmp_path / "away.db").rename(tmp_path / "log.db")
    assert (await store.append("s", [event(2)], expected=0)).revision == 1
    await store.close()
