"""A bundle is as it was exported, or the checker says which line or event is not."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.audit_bundle import UnusableBundle, verify_bundle, write_bundle
from adapters.event_schemas.codec import JsonCodec
from application.audit import export
from application.audit.chain import EVENTS, MANIFEST, STATES, canonical, genesis, linked, sealed
from domain.identifiers import Ticker
from domain.market import commands as c
from domain.market.vocabulary import Result
from tests.unit.snapshots.market_log import TICKER, MarketLog

Lines = list[bytes]

CODEC = JsonCodec()
EVERY = 1 if os.environ.get("PRESAGE_SOAK") == "1" else 19
"""Of how many bytes one is flipped: a prime, so that every part of a line has its turn."""


async def a_log(orders: int) -> MarketLog:
    log = MarketLog(seed=3)
    await log.open()
    await log.trade(orders)
    for command in (c.CloseMarket(), c.DetermineMarket(result=Result.YES), c.FinalizeMarket()):
        await log.do(command)
    return log


async def write(log: MarketLog, folder: Path) -> Path:
    await write_bundle(folder, TICKER, reader=log.store, codec=log.codec, now_us=7)
    return folder


@pytest.fixture
async def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(export, "STATE_EVERY", 40)
    return await write(await a_log(100), tmp_path / "bundle")


def findings(folder: Path) -> list[str]:
    return verify_bundle(folder, CODEC).findings


def rewrite(folder: Path, change: Callable[[Lines], Lines]) -> None:
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    (folder / EVENTS).write_bytes(b"".join(change(lines)))


async def test_a_bundle_as_it_was_exported_passes(bundle: Path) -> None:
    verdict = verify_bundle(bundle, CODEC)
    manifest = json.loads((bundle / MANIFEST).read_bytes())
    lines = (bundle / EVENTS).read_bytes().splitlines()
    assert verdict.findings == []
    assert verdict.events == manifest["events"] == len(lines) > 100
    assert (manifest["first_revision"], manifest["last_revision"]) == (0, len(lines) - 1)
    assert verdict.chain_head == manifest["chain_head"] == json.loads(lines[-1])["chain"]
    assert manifest["states"] == len((bundle / STATES).read_bytes().splitlines()) >= 3


async def test_the_same_market_is_always_exported_the_same(tmp_path: Path) -> None:
    log = await a_log(30)
    first, second = await write(log, tmp_path / "a"), await write(log, tmp_path / "b")
    for name in (EVENTS, STATES, MANIFEST):
        assert (first / name).read_bytes() == (second / name).read_bytes()


async def test_a_flipped_byte_anywhere_is_found_and_named(tmp_path: Path) -> None:
    bundle = await write(await a_log(8), tmp_path / "bundle")
    for name in (EVENTS, STATES, MANIFEST):
        whole = (bundle / name).read_bytes()
        for at in range(0, len(whole), EVERY):
            (bundle / name).write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            [finding] = findings(bundle)
            assert finding.startswith(name), f"byte {at}: {finding}"
            if name == EVENTS:
                line = whole[:at].count(b"\n") + 1
                assert re.search(rf"line {line}\b", finding), f"byte {at}: {finding}"
        (bundle / name).write_bytes(whole)
    assert findings(bundle) == []


@pytest.mark.parametrize("number", [0, 1, 57, 100])
async def test_a_removed_event_is_named(bundle: Path, number: int) -> None:
    rewrite(bundle, lambda lines: lines[:number] + lines[number + 1 :])
    assert findings(bundle) == [
        f"{EVENTS} line {number + 1}: event {number} was taken out; event {number + 1} is here"
    ]


async def test_events_cut_off_at_the_end_are_missed(bundle: Path) -> None:
    rewrite(bundle, lambda lines: lines[:-2])
    [finding] = findings(bundle)
    assert "the end was cut off" in finding


async def test_a_moved_event_is_named_with_where_it_is(bundle: Path) -> None:
    rewrite(bundle, lambda lines: [*lines[:20], lines[21], lines[20], *lines[22:]])
    assert findings(bundle) == [f"{EVENTS} line 21: event 20 was moved to line 22; event 21 is here"]


async def test_an_event_that_comes_twice_is_named(bundle: Path) -> None:
    rewrite(bundle, lambda lines: [*lines[:30], lines[29], *lines[30:]])
    [finding] = findings(bundle)
    assert finding.startswith(f"{EVENTS} line 31: ")
    assert "event 29 is here" in finding


async def test_an_event_of_another_market_does_not_pass(bundle: Path, tmp_path: Path) -> None:
    def change(lines: Lines) -> Lines:
        document = json.loads(lines[4])
        document["event"]["stream"] = "market-OTHER"
        return [*lines[:4], canonical(document) + b"\n", *lines[5:]]

    rewrite(bundle, change)
    assert findings(bundle) == [f"{EVENTS} line 5: event 4 was changed: it does not match its hash"]


async def test_a_whole_chain_made_anew_still_has_to_come_to_the_same_states(bundle: Path) -> None:
    """Somebody changes a price and makes every hash anew, the manifest's too."""
    forge(bundle, lambda data: data["terms"].update(price_ticks=data["terms"]["price_ticks"] + 100))
    [finding] = findings(bundle)
    assert finding.startswith((STATES, f"{EVENTS} line"))


async def test_other_states_are_found_even_under_a_new_manifest(bundle: Path) -> None:
    states = (bundle / STATES).read_bytes().splitlines(keepends=True)
    (bundle / STATES).write_bytes(b"".join(states[1:]))
    [finding] = findings(bundle)
    assert finding == f"{STATES}: was changed: it does not match the hash in {MANIFEST}"


@pytest.mark.parametrize("name", [EVENTS, STATES, MANIFEST])
async def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(UnusableBundle, match=re.escape(name)):
        verify_bundle(bundle, CODEC)


async def test_an_existing_folder_is_not_written_over_and_no_market_makes_no_bundle(
    bundle: Path, tmp_path: Path
) -> None:
    log = await a_log(1)
    with pytest.raises(UnusableBundle, match="is there already"):
        await write(log, bundle)
    with pytest.raises(UnusableBundle, match="no market"):
        await write_bundle(tmp_path / "none", Ticker("NONE"), reader=log.store, codec=log.codec, now_us=1)
    assert set(os.listdir(tmp_path)) == {"bundle"}  # noqa: PTH208 (a fixture's small folder)


def forge(folder: Path, change: Callable[[dict[str, dict[str, int]]], None]) -> None:
    lines = [json.loads(line) for line in (folder / EVENTS).read_bytes().splitlines()]
    placed = next(line for line in lines[10:] if line["event"]["type"] == "OrderPlaced")
    change(placed["event"]["data"])
    head = genesis(lines[0]["event"]["stream"])
    for line in lines:
        line["chain"] = head = linked(head, line["event"])
    (folder / EVENTS).write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["chain_head"] = head
    (folder / MANIFEST).write_bytes(canonical(sealed(manifest)) + b"\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ticker", "OTHER"),
        ("stream", "market-OTHER"),
        ("events", 7),
        ("first_revision", 1),
        ("last_revision", 7),
        ("states", 1),
        ("files", ["events.jsonl"]),
        ("final_state", "0" * 64),
        ("chain_head", "0" * 64),
        ("ticker", 7),
        ("exported_at_us", None),
    ],
)
async def test_what_a_manifest_claims_is_compared_with_the_events(
    bundle: Path, name: str, value: object
) -> None:
    said = json.loads((bundle / MANIFEST).read_bytes())
    (bundle / MANIFEST).write_bytes(canonical(sealed(said | {name: value})) + b"\n")
    assert findings(bundle)


async def test_a_market_under_another_name_does_not_pass_however_it_is_hashed(bundle: Path) -> None:
    """The ticker and the stream are changed everywhere but in what the market says of itself."""
    lines, reached = [], genesis("market-OTHER")
    for line in (bundle / EVENTS).read_bytes().splitlines():
        event = json.loads(line)["event"] | {"stream": "market-OTHER"}
        reached = linked(reached, event)
        lines.append(canonical({"chain": reached, "event": event}) + b"\n")
    (bundle / EVENTS).write_bytes(b"".join(lines))
    said = json.loads((bundle / MANIFEST).read_bytes())
    other = {"ticker": "OTHER", "stream": "market-OTHER", "chain_head": reached}
    (bundle / MANIFEST).write_bytes(canonical(sealed(said | other)) + b"\n")
    assert "the events are of the market" in findings(bundle)[0]
