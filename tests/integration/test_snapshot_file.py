"""The file of snapshots may be damaged, cut short or gone: it costs time, never an answer."""

import logging
from pathlib import Path

import pytest

from adapters.snapshots.sqlite import SqliteSnapshots
from tests.contracts.test_snapshots_contract import snapshot


async def test_snapshots_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "snapshots.db"
    first = SqliteSnapshots(path)
    await first.save(snapshot(7))
    await first.close()
    second = SqliteSnapshots(path)
    assert await second.find("s", schema="one") == snapshot(7)
    await second.close()


@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.9])
async def test_a_file_cut_short_is_started_anew_with_a_warning(
    tmp_path: Path, left: float, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshots.db"
    await fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(left * len(whole))])
    await still_usable(path)
    assert left == 0.0 or "damaged" in caplog.text or "is started anew" in caplog.text


async def test_a_file_of_noise_is_started_anew_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshots.db"
    path.write_bytes(b"no database" * 1_000)
    await still_usable(path)
    assert "started anew" in caplog.text


async def test_a_flipped_byte_never_yields_another_document(tmp_path: Path) -> None:
    logging.getLogger("adapters.snapshots.sqlite").setLevel(logging.CRITICAL)
    path = tmp_path / "snapshots.db"
    await fill(path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        kept = SqliteSnapshots(path)
        for revision in (100, 0):
            found = await kept.find("s", schema="one", revision=revision)
            assert found is None or found.document == snapshot(found.revision).document, f"byte {at}"
        await kept.close()
    logging.getLogger("adapters.snapshots.sqlite").setLevel(logging.NOTSET)


async def test_a_folder_that_cannot_be_written_costs_only_the_snapshots(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = SqliteSnapshots(tmp_path / "nowhere" / "snapshots.db")
    await kept.save(snapshot(1))
    assert await kept.find("s", schema="one") is None
    assert list(await kept.revisions("s", schema="one")) == []
    await kept.close()
    assert "cannot be kept" in caplog.text


async def test_after_closing_nothing_is_kept_and_nothing_breaks(tmp_path: Path) -> None:
    kept = SqliteSnapshots(tmp_path / "snapshots.db")
    await kept.save(snapshot(1))
    await kept.close()
    await kept.save(snapshot(2))
    assert await kept.find("s", schema="one") is None


async def fill(path: Path) -> None:
    kept = SqliteSnapshots(path)
    for revision in range(20):
        await kept.save(snapshot(revision))
    await kept.close()


async def still_usable(path: Path) -> None:
    kept = SqliteSnapshots(path)
    await kept.find("s", schema="one")
    await kept.save(snapshot(8))
    await kept.save(snapshot(8))
    found = await kept.find("s", schema="one", revision=8)
    assert found == snapshot(8)
    await kept.close()
