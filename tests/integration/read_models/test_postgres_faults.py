"""A real PostgreSQL that crashes, freezes, and hands over to a standby: nothing is lost for good."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.read_models.opening import OpenReadModels, open_read_models
from adapters.read_models.postgres.store import RECONNECT_S, PostgresReadStore
from application.health import Health
from projections.running.store import ReadModelUnavailable
from tests.databases import postgres_server
from tests.integration.http.world import BASE, World, a_world
from tests.integration.read_models.checksums import checksums
from tests.integration.read_models.projecting import CODEC, projected
from tests.integration.read_models.random_flow import ACCOUNTS, Flow, random_flow
from tests.integration.read_models.test_faults import eventually, eventually_answers
from tests.postgres_faults import Server, folder_for_server, own_server

pytestmark = pytest.mark.more


@pytest.fixture
def server() -> Iterator[Server]:
    postgres_server()  # makes the user that servers run as
    with own_server() as server:
        yield server


async def equal_to_a_rebuild(address: str, flow: Flow, path: object) -> None:
    """Check the rows against those of a fresh database."""
    async with projected(address, flow) as read:
        live = await checksums(read.store)
    async with projected(path, flow) as fresh:  # type: ignore[arg-type]
        await fresh.catch_up()
        assert live == await checksums(fresh.store)


async def test_what_a_crash_of_the_database_lost_is_taken_in_again(server: Server, tmp_path: object) -> None:
    async with random_flow(41) as flow:
        health = Health()
        async with open_read_models(
            server.address, source=flow.log, codec=CODEC, clock=flow.clock, health=health
        ) as reads:
            await flow.trade(20)
            assert await reads.models.freshness.await_position(await flow.log.head(), 20)
            before = _lowest(server)
            _flush(server)
            await flow.trade(20)
            head = await flow.log.head()
            assert await reads.models.freshness.await_position(head, 20)
            await asyncio.to_thread(server.crash)
            await asyncio.to_thread(server.start)
            assert before <= _lowest(server)
            # Nothing new comes, and yet it is noticed.
            await eventually(lambda: _lowest(server) == head)
            await flow.trade(5)
            await flow.close()
            assert await reads.models.freshness.await_position(await flow.log.head(), 20)
            assert health.conditions == []
        await equal_to_a_rebuild(server.address, flow, tmp_path / "fresh.db")  # type: ignore[operator]


async def test_a_standby_that_is_behind_takes_over(server: Server, tmp_path: object) -> None:
    async with random_flow(42) as flow:
        with folder_for_server() as folder:
            async with projected(server.address, flow) as read:
                await flow.trade(20)
                await read.catch_up()
                standby = await asyncio.to_thread(server.standby, folder)
                await flow.trade(20)
                await read.catch_up()
            await asyncio.to_thread(server.crash)
            await asyncio.to_thread(standby.start)
            try:
                health = Health()
                opening = open_read_models(
                    standby.address, source=flow.log, codec=CODEC, clock=flow.clock, health=health
                )
                async with opening as reads:
                    await eventually(lambda: bool(health.conditions))
                    assert "read-only" in health.conditions[0].message
                    await asyncio.to_thread(standby.promote)
                    assert await reads.models.freshness.await_position(await flow.log.head(), 20)
                    await eventually(lambda: not health.conditions)
                    await flow.close()
                    assert await reads.models.freshness.await_position(await flow.log.head(), 20)
                await equal_to_a_rebuild(standby.address, flow, tmp_path / "fresh.db")  # type: ignore[operator]
            finally:
                with suppress(subprocess.CalledProcessError):
                    standby.crash()


async def test_a_frozen_database_keeps_no_request_longer_than_stated(server: Server) -> None:
    async with random_flow(43) as flow:
        health = Health()
        async with open_read_models(
            server.address, source=flow.log, codec=CODEC, clock=flow.clock, health=health
        ) as reads:
            crowded_s = await _seen(flow, reads)
            store = PostgresReadStore(server.address)
            await store.open()
            async with store.snapshot() as before:
                assert await before.fetch("SELECT 1", {}) == [(1,)]
            server.signal(signal.SIGSTOP)

            async def ask() -> float:
                began = time.monotonic()
                with pytest.raises(ReadModelUnavailable):
                    await reads.models.portfolio.balance(ACCOUNTS[0])
                return time.monotonic() - began

            async def ask_a_snapshot() -> float:
                began = time.monotonic()
                with pytest.raises(ReadModelUnavailable):
                    async with store.snapshot() as snapshot:
                        await snapshot.fetch("SELECT 1", {})
                return time.monotonic() - began

            took = await asyncio.gather(*[ask() for _ in range(12)], *[ask_a_snapshot() for _ in range(3)])
            assert max(took) < 8 + 5 * crowded_s, "4 s are stated"
            await eventually(lambda: bool(health.conditions))
            assert reads.stats.lag_us(flow.clock.now_us() + 1) > 0
            server.signal(signal.SIGCONT)
            began = time.monotonic()
            await eventually_answers(lambda: reads.models.portfolio.balance(ACCOUNTS[0]))
            assert time.monotonic() - began < 15 + 5 * crowded_s
            await eventually(lambda: not health.conditions)
            async with store.snapshot() as again:
                assert await again.fetch("SELECT 1", {}) == [(1,)]
            await store.close()


async def test_after_an_outage_longer_than_any_pause_everything_is_back_within_five_seconds(
    server: Server,
) -> None:
    async with random_flow(44) as flow:
        health = Health()
        async with open_read_models(
            server.address, source=flow.log, codec=CODEC, clock=flow.clock, health=health
        ) as reads:
            crowded_s = await _seen(flow, reads)
            await asyncio.to_thread(server.crash)
            # The pool has given up, and whatever waits longer and longer waits as long as it ever does.
            assert PostgresReadStore(server.address)._readers.reconnect_timeout == RECONNECT_S < 5
            until = time.monotonic() + 4 * RECONNECT_S
            while time.monotonic() < until:
                with pytest.raises(ReadModelUnavailable):
                    await reads.models.portfolio.balance(ACCOUNTS[0])
            await flow.trade(2)
            await asyncio.to_thread(server.start)
            began = time.monotonic()
            await eventually_answers(lambda: reads.models.portfolio.balance(ACCOUNTS[0]))
            assert await reads.models.freshness.await_position(await flow.log.head(), 20)
            assert time.monotonic() - began < 5 + 5 * crowded_s
            await eventually(lambda: not health.conditions)


async def _seen(flow: Flow, reads: OpenReadModels) -> float:
    """Trade until readers see it; return how long that took here and now."""
    began = time.monotonic()
    await flow.trade(5)
    assert await reads.models.freshness.await_position(await flow.log.head(), 20)
    return time.monotonic() - began


def _lowest(server: Server) -> int:
    """Return how far the rows go that are in the database now."""
    try:
        with psycopg.connect(server.address) as connection:
            found = connection.execute("SELECT MIN(position) FROM presage.checkpoints").fetchone()
    except psycopg.OperationalError:
        return -1
    return int(found[0]) if found and found[0] is not None else 0


def _flush(server: Server) -> None:
    """Have everything up to now on the disk, so that a crash loses only what comes after."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


async def test_an_exchange_that_serves_goes_on_by_itself_once_a_standby_is_promoted(
    server: Server, tmp_path: Path
) -> None:
    with folder_for_server() as folder:
        standby = await asyncio.to_thread(server.standby, folder)
        await asyncio.to_thread(standby.start)
        # As for any other client: the first that can be reached.
        ways = [conninfo_to_dict(each.address) for each in (server, standby)]
        both = {name: ",".join(str(way[name]) for way in ways) for name in ("host", "port")}
        either = make_conninfo(server.address, **both)
        try:
            async with a_world(tmp_path / "data", database_url=either) as world:
                operator = await world.operator()
                await world.market(operator)
                ann = await world.person("ann", dollars=100)
                await world.presage.reads.freshness.await_position(await world.presage.store.head(), 20)
                assert (await world.send(ann, "GET", f"{BASE}/portfolio/balance")).json()["balance"] == 10_000
                await asyncio.to_thread(_flush, server)
                await eventually(lambda: _lowest(standby) == _lowest(server))

                async def wrong() -> set[tuple[str, str]]:
                    answer = await world.send(None, "GET", "/readyz")
                    told = answer.json()["conditions"]
                    assert (answer.status_code == 503) == any(each["stops"] == "everything" for each in told)
                    return {(each["part"], each["code"]) for each in told}

                assert await wrong() == set()
                await asyncio.to_thread(server.crash)
                # Decided and durable though no row can be written: the standby is there to be read.
                assert (await world.place(ann, client_order_id="meanwhile")).status_code == 201
                read_only = ("projector", "read_models_unavailable")
                async with asyncio.timeout(20):
                    while read_only not in await wrong():  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                await eventually(lambda: "read-only" in _told(world, *read_only))
                assert ("projector", "projector_failed") not in await wrong()
                position = await world.presage.store.head()
                assert not await world.presage.reads.freshness.await_position(position, 0.1)
                await asyncio.to_thread(standby.promote)
                assert await world.presage.reads.freshness.await_position(position, 20)
                async with asyncio.timeout(20):
                    while await wrong():  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                # What waited for readers was connected to the server that is no more.
                answer = await world.send(ann, "GET", f"{BASE}/portfolio/orders")
                assert answer.status_code == 200, answer.text
                [order] = answer.json()["orders"]
                assert order["client_order_id"] == "meanwhile"
                assert (await world.place(ann, client_order_id="afterwards")).status_code == 201
                position = await world.presage.store.head()
                assert await world.presage.reads.freshness.await_position(position, 20)
        finally:
            with suppress(subprocess.CalledProcessError):
                standby.crash()


def _told(world: World, part: str, code: str) -> str:
    conditions = world.presage.exchange.health.conditions
    return "".join(each.message for each in conditions if (each.part, each.code.value) == (part, code))
