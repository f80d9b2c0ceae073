"""Whatever keeps snapshots keeps them so."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.snapshots.memory import MemorySnapshots
from adapters.snapshots.sqlite import SqliteSnapshots
from application.ports.event_store import Position
from application.ports.snapshots import Snapshot, Snapshots

DOCUMENT = {"words": ["a", None, True], "large": 2**63 - 1, "larger": 10**40, "nested": {"x": [-1, 0]}}


def snapshot(revision: int, *, stream: str = "s", schema: str = "one", **more: Any) -> Snapshot:
    values: dict[str, Any] = {
        "position": Position(10 * revision + 1),
        "event_id": UUID(int=revision),
        "at_us": 1_000 * revision,
        "digest": f"digest of {revision}",
        "document": DOCUMENT,
    }
    return Snapshot(stream=stream, revision=revision, schema=schema, **(values | more))


@pytest.fixture(params=["memory", "sqlite"])
async def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Snapshots]:
    if request.param == "memory":
        yield MemorySnapshots()
        return
    kept = SqliteSnapshots(tmp_path / "snapshots.db")
    yield kept
    await kept.close()


async def test_what_was_saved_is_found_exactly_as_it_was(snapshots: Snapshots) -> None:
    await snapshots.save(snapshot(7))
    assert await snapshots.find("s", schema="one") == snapshot(7)


async def test_nothing_is_found_of_a_stream_without_snapshots(snapshots: Snapshots) -> None:
    assert await snapshots.find("s", schema="one") is None
    assert list(await snapshots.revisions("s", schema="one")) == []
    assert await snapshots.retire("s", schema="one") == 0


async def test_the_latest_not_after_a_revision_or_a_time_is_found(snapshots: Snapshots) -> None:
    for revision in (30, 10, 20):
        await snapshots.save(snapshot(revision))
    await snapshots.save(snapshot(99, stream="other"))
    found = [
        await snapshots.find("s", schema="one"),
        await snapshots.find("s", schema="one", revision=20),
        await snapshots.find("s", schema="one", revision=29),
        await snapshots.find("s", schema="one", revision=9),
        await snapshots.find("s", schema="one", at_us=10_000),
        await snapshots.find("s", schema="one", at_us=9_999),
        await snapshots.find("s", schema="one", at_us=29_999),
    ]
    assert [each and each.revision for each in found] == [30, 20, 20, None, 10, None, 20]


async def test_a_snapshot_takes_the_place_of_one_at_the_same_revision(snapshots: Snapshots) -> None:
    await snapshots.save(snapshot(5))
    await snapshots.save(snapshot(5, document={"new": 1}))
    assert list(await snapshots.revisions("s", schema="one")) == [5]
    found = await snapshots.find("s", schema="one")
    assert found is not None
    assert found.document == {"new": 1}


async def test_what_was_dropped_is_gone(snapshots: Snapshots) -> None:
    await snapshots.save(snapshot(5))
    await snapshots.save(snapshot(6))
    await snapshots.drop("s", 6)
    await snapshots.drop("s", 6)
    assert list(await snapshots.revisions("s", schema="one")) == [5]


async def test_snapshots_of_another_schema_are_not_found_and_can_be_retired(snapshots: Snapshots) -> None:
    await snapshots.save(snapshot(5, schema="older"))
    await snapshots.save(snapshot(4))
    found = await snapshots.find("s", schema="one")
    assert found == snapshot(4)
    assert await snapshots.retire("s", schema="one") == 1
    assert await snapshots.find("s", schema="older") is None
    assert await snapshots.find("s", schema="one") == snapshot(4)
