"""States of a stream, with and without snapshots, good ones and wrong ones."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.snapshots.memory import MemorySnapshots, NoSnapshots
from application.ports.snapshots import Snapshot
from application.snapshots import history as module
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.policy import SPACING
from tests.unit.snapshots.market_log import STREAM, MarketLog


@pytest.fixture
async def log() -> MarketLog:
    made = MarketLog()
    await made.open()
    await made.trade(1_700)
    assert len(made.events) > 2 * SPACING
    return made


async def test_the_latest_state_is_the_same_with_and_without_snapshots(log: MarketLog) -> None:
    for snapshots in (NoSnapshots(), log.snapshots, log.snapshots):
        latest = await log.history(snapshots).latest()
        assert latest.state.digest() == log.state.digest()
        assert latest.tip.revision == len(log.events) - 1
        assert latest.tip.at_us == log.times[-1]


async def test_replaying_a_long_stream_leaves_snapshots_behind_and_they_are_used(log: MarketLog) -> None:
    await log.history().latest()
    kept = list(await log.snapshots.revisions(STREAM, schema=MARKET_FORM.schema))
    assert len(kept) >= 2
    again = await log.history().latest()
    assert again.kept == kept[-1]


async def test_a_start_does_not_spend_its_time_on_snapshots_of_a_large_state(
    log: MarketLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = replace(MARKET_FORM, size=lambda _: len(log.events))
    monkeypatch.setattr("tests.unit.snapshots.market_log.MARKET_FORM", large)
    latest = await log.history().latest()
    assert latest.state.digest() == log.state.digest()
    assert not await log.snapshots.revisions(STREAM, schema=large.schema)
    await log.history().at_revision(len(log.events) - 1)
    assert len(await log.snapshots.revisions(STREAM, schema=large.schema)) >= 2


async def test_every_state_of_the_past_can_be_had_by_revision_and_by_time(log: MarketLog) -> None:
    await log.history().latest()
    for revision, slow in enumerate(log.slow_states()):
        if revision % 37 == 0:
            there = await log.history().at_revision(revision)
            assert (there.tip.revision, there.state.digest()) == (revision, slow.digest())
        if revision % 41 == 0 and log.times[revision] != log.times[min(revision + 1, len(log.times) - 1)]:
            then = await log.history().at_time(log.times[revision] + 10)
            assert (then.tip.revision, then.state.digest()) == (revision, slow.digest())


async def test_before_the_first_event_there_is_nothing(log: MarketLog) -> None:
    before = await log.history().at_time(0)
    assert before.tip.revision == -1
    assert not before.state.created


async def corrupted(log: MarketLog, **change: Any) -> MemorySnapshots:
    """Return snapshots of which the latest is wrong."""
    await log.history().latest()
    good = await log.snapshots.find(STREAM, schema=MARKET_FORM.schema)
    assert good is not None
    wrong = MemorySnapshots()
    await wrong.save(replace(good, **change))
    return wrong


def shifted(snapshot: Snapshot) -> dict[str, Any]:
    document = dict(snapshot.document)
    account, values = document["positions"][0]
    document["positions"] = [[account, [values[0] + 1, *values[1:]]], *document["positions"][1:]]
    return document


@pytest.mark.parametrize("kind", ["digest", "document", "pieces", "id", "revision"])
async def test_a_wrong_snapshot_is_ignored_with_a_warning(
    log: MarketLog, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    await log.history().latest()
    good = await log.snapshots.find(STREAM, schema=MARKET_FORM.schema)
    assert good is not None
    changes: dict[str, dict[str, Any]] = {
        "digest": {"digest": "0" * 64},
        "document": {"document": shifted(good)},
        "pieces": {"document": {"ticker": "LIVELY"}},
        "id": {"event_id": good.event_id.__class__(int=12345)},
        "revision": {"revision": good.revision - 1},
    }
    wrong = await corrupted(log, **changes[kind])
    latest = await log.history(wrong).latest()
    assert latest.state.digest() == log.state.digest()
    assert "ignored" in caplog.text
    assert STREAM in caplog.text


async def test_a_snapshot_of_other_code_is_ignored_with_a_warning(
    log: MarketLog, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = await corrupted(log, schema="older")
    latest = await log.history(wrong).latest()
    assert latest.state.digest() == log.state.digest()
    assert "other code" in caplog.text


async def test_snapshots_of_a_log_that_went_further_are_ignored(
    log: MarketLog, caplog: pytest.LogCaptureFixture
) -> None:
    await log.history().latest()
    shorter = MarketLog(seed=2)
    await shorter.open()
    await shorter.trade(20)
    latest = await shorter.history(log.snapshots).latest()
    assert latest.state.digest() == shorter.state.digest()
    assert "belongs to another log" in caplog.text


async def test_an_older_snapshot_serves_when_the_latest_is_wrong(
    log: MarketLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.history().latest()
    *_, before, newest = await log.snapshots.revisions(STREAM, schema=MARKET_FORM.schema)
    good = await log.snapshots.find(STREAM, schema=MARKET_FORM.schema)
    assert good is not None
    await log.snapshots.save(replace(good, digest="wrong"))
    monkeypatch.setattr(module, "SPACING", 10**9)
    latest = await log.history().latest()
    assert latest.kept == before < newest
    assert latest.state.digest() == log.state.digest()
