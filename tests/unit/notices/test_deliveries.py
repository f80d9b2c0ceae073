"""Sending, again and again, on a driven clock: a webhook that is slow or gone is nothing to the others."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.notices.outbox import SqliteOutbox
from adapters.simulation.world import World
from application.health import Trouble
from application.notices import deliveries as module
from domain.identifiers import AccountId
from tests.simulation.scenarios import A, B, C, fund, open_market
from tests.simulation.told import ToldWorld

ANNS, BOBS = "https://ann.example/", "https://bob.example/"


@pytest.fixture
async def world() -> AsyncIterator[ToldWorld]:
    world = ToldWorld()
    await world.start()
    await fund(world)
    await open_market(world, "M")
    await world.exchange.webhooks.set(A, "desk", ANNS)
    yield world
    await world.hush()
    await world.exchange.close()
    await world.end()


async def buy(world: ToldWorld, account: AccountId) -> str:
    answer = await world.place(account, "yes", "buy", 40, 1)
    return answer.order_id  # type: ignore[attr-defined, no-any-return]


async def until(world: ToldWorld, requests: int) -> None:
    async with asyncio.timeout(10):
        while len(world.endpoint.requests) < requests:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)


async def test_an_order_is_told_to_its_account_alone(world: ToldWorld) -> None:
    await world.exchange.webhooks.set(B, "desk", BOBS)
    mine, his = await buy(world, A), await buy(world, B)
    await buy(world, C)
    await world.told()
    assert sorted(world.endpoint.taken) == sorted([(ANNS, mine), (BOBS, his)])


async def test_a_repeated_request_is_told_of_once(world: ToldWorld) -> None:
    for _ in range(3):
        await world.place(A, "yes", "buy", 40, 1, client_order_id="mine")
    await world.told()
    assert len(world.endpoint.requests) == 1


async def test_what_is_not_taken_is_sent_again_by_the_plan(world: ToldWorld) -> None:
    world.endpoint.fault = lambda _url, request: "the answer was 503" if request < 4 else None
    order = await buy(world, A)
    await world.told()
    assert world.endpoint.requests == [(ANNS, order)] * 4
    assert sum(world.timer.pauses) == pytest.approx(2 + 4 + 8, abs=0.1)
    assert await world.exchange.webhooks.dead(A) == []


async def test_after_twelve_tries_it_is_left_to_its_owner(world: ToldWorld) -> None:
    world.endpoint.fault = lambda _url, _request: "the answer was 500"
    order = await buy(world, A)
    await world.told()
    [dead] = await world.exchange.webhooks.dead(A)
    assert (dead.tries, dead.reason, dead.ticker) == (12, "the answer was 500", "M")
    assert world.endpoint.requests == [(ANNS, order)] * 12
    world.endpoint.fault = lambda _url, _request: None
    await world.exchange.webhooks.retry(A, "desk", (dead.notice_id,))
    await world.told()
    assert world.endpoint.taken == [(ANNS, order)]
    assert await world.exchange.webhooks.dead(A) == []


async def test_the_same_order_has_the_same_id_whenever_it_is_sent(world: ToldWorld) -> None:
    ids: list[str] = []
    send = world.endpoint.send

    async def noting(url: str, notice_id: str, body: bytes) -> str | None:
        ids.append(notice_id)
        return await send(url, notice_id, body)

    world.endpoint.send = noting  # type: ignore[method-assign]
    world.endpoint.fault = lambda _url, request: "gone" if request < 3 else None
    await buy(world, A)
    await world.told()
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_an_endpoint_that_never_answers_keeps_nobody_else_waiting(world: ToldWorld) -> None:
    await world.exchange.webhooks.set(B, "desk", BOBS)
    send = world.endpoint.send

    async def stuck(url: str, notice_id: str, body: bytes) -> str | None:
        if url == ANNS:
            await asyncio.Event().wait()
        return await send(url, notice_id, body)

    world.endpoint.send = stuck  # type: ignore[method-assign]
    await buy(world, A)
    his = [await buy(world, B) for _ in range(20)]
    async with asyncio.timeout(10):
        while world.endpoint.orders(BOBS) != set(his):  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)
    assert world.endpoint.orders(ANNS) == set()


async def test_a_webhook_with_too_much_waiting_has_the_rest_given_up(
    world: ToldWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    open_again = asyncio.Event()
    send = world.endpoint.send

    async def stuck(url: str, notice_id: str, body: bytes) -> str | None:
        await open_again.wait()
        return await send(url, notice_id, body)

    world.endpoint.send = stuck  # type: ignore[method-assign]
    orders = [await buy(world, A) for _ in range(5)]
    async with asyncio.timeout(10):
        while len(await world.exchange.webhooks.dead(A)) < 2:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)
    open_again.set()
    await world.told()
    assert world.endpoint.orders(ANNS) == set(orders[:3])
    assert [dead.reason for dead in await world.exchange.webhooks.dead(A)] == ["3 others waited already"] * 2


async def test_what_was_taken_makes_room_for_what_comes(
    world: ToldWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    may_go, send = asyncio.Semaphore(0), world.endpoint.send

    async def one_by_one(url: str, notice_id: str, body: bytes) -> str | None:
        await may_go.acquire()
        return await send(url, notice_id, body)

    async def waiting(count: int) -> None:
        async with asyncio.timeout(10):
            while world.deliveries.waiting != count:  # noqa: ASYNC110 (nobody says so)
                await asyncio.sleep(0)

    world.endpoint.send = one_by_one  # type: ignore[method-assign]
    orders = [await buy(world, A) for _ in range(3)]
    await waiting(3)
    for _ in range(3):
        may_go.release()
        await waiting(2)
        orders.append(await buy(world, A))
        await waiting(3)
    for _ in orders:
        may_go.release()
    await world.told()
    assert [order for _, order in world.endpoint.taken] == orders
    assert await world.exchange.webhooks.dead(A) == []


async def test_an_order_of_the_very_moment_a_webhook_is_set_is_told_and_none_from_before(
    world: ToldWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_us = world.clock.now_us() + 1_000_000
    monkeypatch.setattr(world.clock, "now_us", lambda: now_us - 1)
    await buy(world, B)
    monkeypatch.setattr(world.clock, "now_us", lambda: now_us)
    order = await buy(world, B)
    # Those who tell are behind: the webhook is there when they come to either order.
    await world.hush()
    await world.kept.close()
    world.kept = SqliteOutbox(None)
    await world.exchange.webhooks.set(B, "desk", BOBS)
    await world.exchange.close()
    await world.start()
    await world.told()
    assert world.endpoint.orders(BOBS) == {order}


async def test_a_webhook_that_is_removed_is_sent_nothing_more(world: ToldWorld) -> None:
    world.endpoint.fault = lambda _url, _request: "gone"
    paused, go_on = asyncio.Event(), asyncio.Event()
    pause = world.timer.pause

    async def held(seconds: float, woken: asyncio.Event) -> None:
        paused.set()
        await go_on.wait()
        await pause(seconds, woken)

    world.timer.pause = held  # type: ignore[method-assign]
    await buy(world, A)
    await paused.wait()
    await world.exchange.webhooks.remove(A, "desk")
    go_on.set()
    async with asyncio.timeout(10):
        while world.deliveries.waiting:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)
    assert len(world.endpoint.requests) == 1
    assert await world.kept.waiting() == {}


async def test_a_receiver_with_a_fault_stops_no_order_and_is_reported(world: ToldWorld) -> None:
    broken = True
    take = world.deliveries.take

    async def failing(notices: object) -> None:
        if broken:
            raise RuntimeError("a fault of our own")
        await take(notices)  # type: ignore[arg-type]

    world.deliveries.take = failing  # type: ignore[method-assign]
    order = await buy(world, A)
    async with asyncio.timeout(10):
        while not world.health.conditions:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)
    assert [(each.part, each.code) for each in world.health.conditions] == [
        ("notices", Trouble.NOTICES_FAILED)
    ]
    other = await buy(world, A)
    broken = False
    await world.told()
    assert world.endpoint.orders(ANNS) == {order, other}


async def test_a_lane_with_a_fault_of_ours_says_so_and_sends_it_again(world: ToldWorld) -> None:
    send, told = world.endpoint.send, list[Trouble]()

    async def failing(url: str, notice_id: str, body: bytes) -> str | None:
        if len(told) < 2:
            told.extend(each.code for each in world.health.conditions)
            raise ZeroDivisionError("a fault of our own")
        return await send(url, notice_id, body)

    world.endpoint.send = failing  # type: ignore[method-assign]
    order = await buy(world, A)
    await until(world, 1)
    assert set(told) == {Trouble.NOTICES_FAILED}
    await world.told()
    assert world.endpoint.taken == [(ANNS, order)]
    assert world.health.conditions == []


async def test_an_outbox_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "notices.db").write_bytes(b"not a database, and long enough to look at" * 100)
    outbox = SqliteOutbox(tmp_path / "notices.db")
    with pytest.raises(Exception, match=r"notices.db is damaged .* delete it while the exchange is stopped"):
        await outbox.waiting()
    await outbox.close()


async def test_what_waits_is_there_when_the_file_is_opened_again(world: ToldWorld, tmp_path: Path) -> None:
    world.endpoint.fault = lambda _url, _request: "gone"
    await buy(world, A)
    await until(world, 1)
    lane = A, "desk"
    delivery = await world.kept.next(lane)
    assert delivery is not None
    first = SqliteOutbox(tmp_path / "notices.db")
    assert await first.put([delivery, delivery]) == {lane: 1}
    await first.close()
    again = SqliteOutbox(tmp_path / "notices.db")
    assert await again.next(lane) == delivery
    assert await again.waiting() == {lane: 1}
    await again.remove(delivery)
    assert await again.next(lane) is None
    await again.close()


async def test_what_is_asked_for_again_goes_to_that_webhook_alone(world: ToldWorld) -> None:
    world.endpoint.fault = lambda url, _request: "gone" if url == BOBS else None
    await world.exchange.webhooks.set(A, "second", BOBS)
    order = await buy(world, A)
    await world.told()
    world.endpoint.fault = lambda _url, _request: None
    await world.exchange.webhooks.retry(A, "second", ())
    await world.told()
    assert sorted(world.endpoint.taken) == sorted([(ANNS, order), (BOBS, order)])


async def test_without_its_outbox_everything_since_a_webhook_was_set_is_sent_again(world: ToldWorld) -> None:
    orders = {await buy(world, A), await buy(world, A)}
    await world.told()
    await world.hush()
    await world.exchange.close()
    await world.kept.close()
    world.kept = SqliteOutbox(None)
    world.endpoint.taken.clear()
    await world.start()
    await world.told()
    assert world.endpoint.orders(ANNS) == orders


async def test_what_waited_to_be_told_of_another_log_is_not_told(world: ToldWorld) -> None:
    world.endpoint.fault = lambda _url, _request: "gone"
    await buy(world, A)
    await until(world, 1)
    await world.hush()
    landmark = await world.kept.load("notices")
    assert landmark is not None
    await world.kept.save("notices", replace(landmark, event_id=uuid4()))
    delivery = await world.kept.next((A, "desk"))
    assert delivery is not None
    await world.kept.remove(delivery)
    await world.kept.put(
        [replace(delivery, notice_id="of another log", body=b'{"data":{"order_id":"alien"}}')]
    )
    await world.exchange.close()
    world.endpoint.requests.clear()
    world.endpoint.fault = lambda _url, _request: None
    await world.start()
    await world.told()
    assert "alien" not in {order for _, order in world.endpoint.requests}


async def test_an_order_has_a_line(world: ToldWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="application.notices.log_line")
    order = await buy(world, C)
    async with asyncio.timeout(10):
        while f"order {order} of {C} was placed in M" not in caplog.text:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)


async def test_a_webhook_that_another_process_set_is_told(world: ToldWorld) -> None:
    assert await world.exchange.webhooks.of(B) == {}
    other = World()
    other.log, other.clock = world.log, world.clock
    await other.start()
    await other.exchange.webhooks.set(B, "desk", BOBS)
    order = (await other.place(B, "yes", "buy", 40, 1)).order_id  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        while world.endpoint.orders(BOBS) != {order}:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)
    await other.exchange.close()
