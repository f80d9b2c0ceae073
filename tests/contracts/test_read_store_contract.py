"""What every database of read models promises its projector and its readers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.read_models.opening import ReadStore, open_store
from application.ports.event_store import Position
from projections.api_keys import API_KEYS, KeyRow
from projections.folds.candles import CANDLES
from projections.folds.market_book import TOPS, TopRow
from projections.leaderboard import STAKES, STANDINGS, StakeRow, StandingRow
from projections.running.store import Checkpoint, ParkedEvent, ReadModelBusy
from tests.databases import fresh_postgres

MARK = Checkpoint(name="leaderboard", version=1, position=Position(7), events=5, at_us=3)
ANN = StakeRow("ann", "M", 1, 2, 3, 4, -5)
BOB = StakeRow("bob", "M", 5, 6, 7, 8, 9)
ANN_ELSEWHERE = StakeRow("ann", "N", 0, 0, 0, 0, 10**18)


class Noon:
    def now_us(self) -> int:
        return 43_200_000_000


class GoneWrong(Exception):
    pass


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    if request.param == "sqlite":
        yield tmp_path / "read.db"
    else:
        with fresh_postgres() as address:
            yield address


@pytest.fixture
async def store(database: Path | str) -> AsyncIterator[ReadStore]:
    async with open_store(database, Noon()) as (store, _):
        yield store


async def stakes(store: ReadStore, *keys: tuple[str, str]) -> list[StakeRow]:
    async with store.transaction() as transaction:
        return sorted(await transaction.load(STAKES, keys), key=lambda row: (row.account_id, row.ticker))


async def test_rows_are_found_by_their_keys_and_others_are_passed_over(store: ReadStore) -> None:
    async with store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN, BOB])
        await transaction.upsert(STAKES, [ANN_ELSEWHERE])
    assert await stakes(store, ("ann", "M"), ("ann", "N"), ("eve", "M")) == [ANN, ANN_ELSEWHERE]


async def test_rows_are_found_by_a_column(store: ReadStore) -> None:
    async with store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN, BOB, ANN_ELSEWHERE])
        found = await transaction.load_where(STAKES, "ticker", ["M", "X"])
    assert sorted(row.account_id for row in found) == ["ann", "bob"]


async def test_a_row_is_written_over_the_one_with_its_key(store: ReadStore) -> None:
    async with store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN, BOB])
    richer = replace(ANN, profit=99)
    async with store.transaction() as transaction:
        await transaction.upsert(STAKES, [richer])
    assert await stakes(store, ("ann", "M"), ("bob", "M")) == [richer, BOB]


async def test_removed_rows_are_gone_and_others_stay(store: ReadStore) -> None:
    async with store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN, BOB])
        await transaction.delete(STAKES, [("ann", "M"), ("nobody", "M")])
    assert await stakes(store, ("ann", "M"), ("bob", "M")) == [BOB]


async def test_a_transaction_sees_its_own_writes(store: ReadStore) -> None:
    async with store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN])
        assert list(await transaction.load(STAKES, [("ann", "M")])) == [ANN]


async def test_a_transaction_that_fails_leaves_nothing(store: ReadStore) -> None:
    async def write() -> None:
        async with store.transaction() as transaction:
            await transaction.insert(STAKES, [ANN])
            await transaction.save([MARK], [])
            raise GoneWrong

    with pytest.raises(GoneWrong):
        await write()
    assert await stakes(store, ("ann", "M")) == []
    async with store.transaction() as transaction:
        assert await transaction.checkpoints() == {}


async def test_a_transaction_that_is_cancelled_leaves_nothing(store: ReadStore) -> None:
    writing = asyncio.Event()

    async def write() -> None:
        async with store.transaction() as transaction:
            await transaction.insert(STAKES, [ANN])
            writing.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await writing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stakes(store, ("ann", "M")) == []


async def test_readers_see_only_what_is_committed(store: ReadStore) -> None:
    count = "SELECT COUNT(*) FROM leaderboard_stakes"
    async with store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN])
        await transaction.load(STAKES, [("ann", "M")])
        assert list(await store.fetch(count, {})) == [(0,)]
    assert list(await store.fetch(count, {})) == [(1,)]


async def test_questions_of_a_snapshot_see_one_moment(database: Path | str) -> None:
    count = "SELECT COUNT(*) FROM leaderboard_stakes"
    async with open_store(database, Noon()) as (store, _), open_store(database, Noon()) as (writer, _):
        async with store.snapshot() as moment:
            assert list(await moment.fetch(count, {})) == [(0,)]
            async with writer.transaction() as transaction:
                await transaction.insert(STAKES, [ANN])
            assert list(await moment.fetch(count, {})) == [(0,)]
        assert list(await store.fetch(count, {})) == [(1,)]


async def test_checkpoints_and_parked_events_are_kept_with_the_rows(store: ReadStore) -> None:
    parked = ParkedEvent(
        projection="leaderboard",
        position=Position(6),
        event_type="Odd",
        stream="market-M",
        revision=0,
        error="'no'; such",
    )
    async with store.transaction() as transaction:
        await transaction.save([MARK], [parked])
    later = replace(MARK, position=Position(8), events=6)
    async with store.transaction() as transaction:
        assert await transaction.checkpoints() == {"leaderboard": MARK}
        await transaction.save([later], [parked])
    async with store.transaction() as transaction:
        assert await transaction.checkpoints() == {"leaderboard": later}
    rows = await store.fetch("SELECT projection, position, error FROM parked_events", {})
    assert [tuple(row) for row in rows] == [("leaderboard", 6, "'no'; such")]


@pytest.mark.parametrize(
    "name", ["plain", 'it\'s "quoted"', "back\\slash \\u0000", "Grüße, 市場 🎲", "", "a\nb\tc", "%s :name ?"]
)
async def test_any_text_comes_back_as_it_was(store: ReadStore, name: str) -> None:
    row = KeyRow(
        key_id="k",
        account_id="ann",
        name=name,
        public_key_pem="PEM",
        scopes="read trade",
        strict=True,
        created_at_us=1,
        revoked_at_us=None,
    )
    async with store.transaction() as transaction:
        await transaction.upsert(API_KEYS, [row])
    async with store.transaction() as transaction:
        [kept] = await transaction.load(API_KEYS, ["k"])
    assert kept == row


async def test_a_character_no_database_keeps_does_not_stop_the_projector(store: ReadStore) -> None:
    row = KeyRow("k", "ann", "a\0b", "PEM", "read", strict=False, created_at_us=1, revoked_at_us=None)
    async with store.transaction() as transaction:
        await transaction.upsert(API_KEYS, [row])
    async with store.transaction() as transaction:
        [kept] = await transaction.load(API_KEYS, ["k"])
    assert kept.name in ("a\0b", "a\ufffdb")


async def test_nothing_and_the_largest_numbers_come_back_as_they_were(store: ReadStore) -> None:
    row = TopRow("M", None, 9_999, 2**62, None, -(2**62), 0)
    async with store.transaction() as transaction:
        await transaction.upsert(TOPS, [row])
    async with store.transaction() as transaction:
        [kept] = await transaction.load(TOPS, ["M"])
    assert kept == row


async def test_keys_of_text_and_numbers_together_are_found(store: ReadStore) -> None:
    rows = [StandingRow("day", start, "ann", start) for start in (0, 1, 10**15)]
    async with store.transaction() as transaction:
        await transaction.insert(STANDINGS, rows)
        found = await transaction.load(
            STANDINGS, [("day", 10**15, "ann"), ("day", 1, "ann"), ("day", 2, "ann")]
        )
        assert sorted(row.profit for row in found) == [1, 10**15]
        assert list(await transaction.load(CANDLES, [("M", 1, 60_000_000)])) == []


async def test_two_projectors_take_turns(database: Path | str) -> None:
    async def advance(store: ReadStore) -> None:
        async with store.transaction() as transaction:
            mark = (await transaction.checkpoints()).get("leaderboard", replace(MARK, events=0))
            await asyncio.sleep(0)
            await transaction.save([replace(mark, events=mark.events + 1)], [])

    async def advance_five_times(store: ReadStore) -> None:
        for _ in range(5):
            while True:
                with suppress(ReadModelBusy):
                    await advance(store)
                    break
                await asyncio.sleep(0.001)

    async with open_store(database, Noon()) as (one, _), open_store(database, Noon()) as (other, _):
        await asyncio.gather(advance_five_times(one), advance_five_times(other))
        async with one.transaction() as transaction:
            assert (await transaction.checkpoints())["leaderboard"].events == 10


async def test_opening_twice_finds_the_rows_again(database: Path | str) -> None:
    async with open_store(database, Noon()) as (store, _), store.transaction() as transaction:
        await transaction.insert(STAKES, [ANN])
    async with open_store(database, Noon()) as (store, _):
        assert await stakes(store, ("ann", "M")) == [ANN]
