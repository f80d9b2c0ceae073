"""A log can be looked at while another process writes it."""

from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.event_stores.sqlite_view import SqliteLogView
from application.ports.event_store import NO_STREAM, NewEvent


def noted(count: int) -> list[NewEvent]:
    return [NewEvent(id=uuid4(), type="Noted", data=b"{}") for _ in range(count)]


async def test_a_view_reads_what_the_owner_of_the_log_wrote(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path / "log.db")
    events = noted(1_200)
    await store.append("market-a", events, expected=NO_STREAM)
    view = SqliteLogView.open(tmp_path / "log.db")
    seen = [event.id async for page in view.read_all() for event in page.events]
    backwards = [
        event.id
        async for page in view.read_stream("market-a", from_revision=-1, backwards=True)
        for event in page
    ]
    assert seen == [event.id for event in events]
    assert backwards == seen[::-1]
    assert await view.head() == await store.head()
    await view.close()
    await store.close()


async def test_a_view_follows_a_log_that_grows(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path / "log.db")
    first, second = noted(3), noted(2)
    await store.append("market-a", first, expected=NO_STREAM)
    view = SqliteLogView.open(tmp_path / "log.db")
    seen = []
    async with aclosing(view.subscribe()) as pages:
        async for page in pages:
            seen += [event.id for event in page.events]
            if page.caught_up and len(seen) == 3:
                await store.append("market-a", second, expected=2)
            if len(seen) == 5:
                break
    assert seen == [event.id for event in [*first, *second]]
    await view.close()
    await store.close()


async def test_a_view_leaves_the_log_to_the_next_owner(tmp_path: Path) -> None:
    await SqliteEventStore.open(tmp_path / "log.db").close()
    view = SqliteLogView.open(tmp_path / "log.db")
    store = SqliteEventStore.open(tmp_path / "log.db")
    await store.append("market-a", noted(1), expected=NO_STREAM)
    await store.close()
    await view.close()


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\x00" + b"\x00" * 84, b"not a log" * 50])
def test_a_view_refuses_what_is_not_a_log_and_says_which_file(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "log.db").write_bytes(content)
    with pytest.raises(UnusableLog, match=r"log\.db"):
        SqliteLogView.open(tmp_path / "log.db")
