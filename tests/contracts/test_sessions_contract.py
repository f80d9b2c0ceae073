"""What every store of sessions promises: they slide, end, go on under another id, and are bounded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
import redis

from adapters.sessions.memory import MemoryAttempts, MemorySessions
from adapters.sessions.redis import RedisAttempts, RedisSessions
from application.ports.sessions import (
    IDLE_S,
    LIFETIME_S,
    PER_ACCOUNT,
    LoginAttempts,
    SessionsUnavailable,
)
from application.sessions import SessionManager, name_of
from domain.identifiers import AccountId
from tests.redis_server import RedisServer, running_redis

ANN, BOB = AccountId("ann"), AccountId("bob")

Pass = Callable[[float], None]


@dataclass
class Kept:
    """A store, and a way to let time pass in it."""

    sessions: SessionManager
    attempts: LoginAttempts
    pass_s: Pass
    everything: Callable[[], str]


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


def in_memory() -> Kept:
    now = [1_700_000_000.0]

    def pass_s(seconds: float) -> None:
        now[0] += seconds

    store = MemorySessions(now_s=lambda: now[0])
    attempts = MemoryAttempts(now_s=lambda: now[0])
    return Kept(SessionManager(store), attempts, pass_s, lambda: repr(vars(store)))


def make_older(url: str, seconds: float) -> None:
    """Let a Redis be as if so many seconds had passed."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        for key in list(client.scan_iter("*")):
            left_ms = client.pttl(key) - int(seconds * 1_000)
            if client.type(key) == "hash":
                for name in ("created", "used", "next"):
                    if client.hexists(key, name):
                        client.hset(key, name, str(float(client.hget(key, name)) - seconds * 1_000))
            client.pexpire(key, left_ms)


def all_of(url: str) -> str:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return repr(
            [
                (key, client.hgetall(key) if client.type(key) == "hash" else client.zrange(key, 0, -1))
                for key in client.scan_iter("*")
            ]
        )


@pytest.fixture(params=["memory", "redis"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "memory":
        yield in_memory()
        return
    server = request.getfixturevalue("redis_server")
    server.wipe()
    sessions, attempts = SessionManager(RedisSessions(server.url)), RedisAttempts(server.url)
    yield Kept(
        sessions, attempts, lambda seconds: make_older(server.url, seconds), lambda: all_of(server.url)
    )
    await attempts.close()
    await sessions.close()


async def test_a_session_is_found_by_its_id_with_what_was_noted(kept: Kept) -> None:
    session_id, created = await kept.sessions.create_session(ANN, {"agent": "a browser"})
    found = await kept.sessions.get_session(session_id)
    assert found is not None
    assert (found.account_id, found.data) == (ANN, {"agent": "a browser"})
    assert found.created_at_s == created.created_at_s
    assert found.ends_at_s == pytest.approx(found.used_at_s + IDLE_S)
    assert await kept.sessions.get_session("another") is None


async def test_ids_are_kept_only_as_hashes(kept: Kept) -> None:
    session_id, session = await kept.sessions.create_session(ANN)
    assert session_id not in kept.everything()
    assert session.digest in kept.everything()


async def test_each_use_makes_a_session_last_thirty_minutes_longer(kept: Kept) -> None:
    session_id, _ = await kept.sessions.create_session(ANN)
    for _ in range(3):
        kept.pass_s(IDLE_S - 10)
        assert await kept.sessions.get_session(session_id) is not None
    kept.pass_s(IDLE_S + 1)
    assert await kept.sessions.get_session(session_id) is None
    assert await kept.sessions.sessions_of(ANN) == []


async def test_looking_at_the_list_is_no_use_of_a_session(kept: Kept) -> None:
    session_id, _ = await kept.sessions.create_session(ANN)
    kept.pass_s(IDLE_S - 10)
    assert len(await kept.sessions.sessions_of(ANN)) == 1
    kept.pass_s(20)
    assert await kept.sessions.get_session(session_id) is None


async def test_no_session_lasts_longer_than_its_lifetime_however_much_it_is_used(kept: Kept) -> None:
    session_id, _ = await kept.sessions.create_session(ANN)
    step_s = IDLE_S - 10
    for _ in range(LIFETIME_S // step_s):
        kept.pass_s(step_s)
        assert await kept.sessions.get_session(session_id) is not None
    left_s = LIFETIME_S % step_s
    found = await kept.sessions.get_session(session_id)
    assert found is not None
    assert found.ends_at_s == pytest.approx(found.created_at_s + LIFETIME_S, abs=1)
    kept.pass_s(left_s + 1)
    assert await kept.sessions.get_session(session_id) is None


async def test_other_data_is_noted_and_the_session_goes_on(kept: Kept) -> None:
    session_id, _ = await kept.sessions.create_session(ANN, {"agent": "old"})
    kept.pass_s(IDLE_S - 10)
    updated = await kept.sessions.update_session(session_id, {"agent": "new", "more": "é"})
    assert updated is not None
    kept.pass_s(IDLE_S - 10)
    found = await kept.sessions.get_session(session_id)
    assert found is not None
    assert found.data == {"agent": "new", "more": "é"}
    assert await kept.sessions.update_session("another", {}) is None


async def test_a_rotated_session_goes_on_under_its_new_id_alone_and_gets_no_younger(kept: Kept) -> None:
    session_id, _ = await kept.sessions.create_session(ANN, {"agent": "a browser"})
    kept.pass_s(60)
    rotated = await kept.sessions.rotate_session(session_id)
    assert rotated is not None
    successor, session = rotated
    assert await kept.sessions.get_session(session_id) is None
    found = await kept.sessions.get_session(successor)
    assert found is not None
    assert (found.account_id, found.data) == (ANN, {"agent": "a browser"})
    assert found.used_at_s - found.created_at_s == pytest.approx(60, abs=5)
    assert [each.digest for each in await kept.sessions.sessions_of(ANN)] == [session.digest]
    assert await kept.sessions.rotate_session(session_id) is None


async def test_a_destroyed_session_is_over(kept: Kept) -> None:
    session_id, _ = await kept.sessions.create_session(ANN)
    assert await kept.sessions.destroy_session(session_id)
    assert await kept.sessions.get_session(session_id) is None
    assert not await kept.sessions.destroy_session(session_id)
    assert await kept.sessions.sessions_of(ANN) == []


async def test_owners_list_and_end_their_own_sessions_and_no_others(kept: Kept) -> None:
    mine, _ = await kept.sessions.create_session(ANN, {"agent": "first"})
    other, listed = await kept.sessions.create_session(ANN, {"agent": "second"})
    bobs, _ = await kept.sessions.create_session(BOB)
    assert [each.data["agent"] for each in await kept.sessions.sessions_of(ANN)] == ["first", "second"]
    assert not await kept.sessions.destroy_named(BOB, name_of(listed))
    assert await kept.sessions.destroy_named(ANN, name_of(listed))
    assert await kept.sessions.get_session(other) is None
    third, _ = await kept.sessions.create_session(ANN)
    assert await kept.sessions.destroy_all(ANN, but=third) == 1
    assert await kept.sessions.get_session(mine) is None
    assert await kept.sessions.get_session(third) is not None
    assert await kept.sessions.get_session(bobs) is not None


async def test_one_session_too_many_ends_the_oldest(kept: Kept) -> None:
    ids = []
    for _ in range(PER_ACCOUNT + 2):
        ids.append((await kept.sessions.create_session(ANN))[0])
        kept.pass_s(1)
    there = [await kept.sessions.get_session(each) is not None for each in ids]
    assert there == [False] * 2 + [True] * PER_ACCOUNT
    kept.pass_s(IDLE_S + 1)
    await kept.sessions.create_session(ANN)
    assert len(await kept.sessions.sessions_of(ANN)) == 1


async def test_after_the_tries_allowed_each_waits_twice_as_long(kept: Kept) -> None:
    for _ in range(3):
        assert await kept.attempts.begin({"account:ann": 3}) == 0
    waits = []
    for _ in range(4):
        waits.append(await kept.attempts.begin({"account:ann": 3}))
        kept.pass_s(waits[-1])
        assert await kept.attempts.begin({"account:ann": 3}) == 0
    assert waits == pytest.approx([1, 2, 4, 8], abs=0.5)
    assert await kept.attempts.begin({"account:bob": 3}) == 0


async def test_many_tries_at_once_are_counted_one_by_one(kept: Kept) -> None:
    waits = await asyncio.gather(*(kept.attempts.begin({"account:ann": 3}) for _ in range(50)))
    assert sum(wait == 0 for wait in waits) == 3


async def test_a_try_that_has_to_wait_for_one_name_counts_for_no_other(kept: Kept) -> None:
    assert await kept.attempts.begin({"account:ann": 1, "address:home": 2}) == 0
    for _ in range(5):
        assert await kept.attempts.begin({"account:ann": 1, "address:home": 2}) > 0
    assert await kept.attempts.begin({"address:home": 2}) == 0


async def test_a_right_password_and_time_make_tries_be_forgotten(kept: Kept) -> None:
    await kept.attempts.begin({"account:ann": 1})
    assert await kept.attempts.begin({"account:ann": 1}) > 0
    await kept.attempts.succeeded("account:ann")
    assert await kept.attempts.begin({"account:ann": 1}) == 0
    kept.pass_s(3_601)
    assert await kept.attempts.begin({"account:ann": 2}) == 0
    assert await kept.attempts.begin({"account:ann": 2}) == 0


async def test_sessions_in_memory_are_bounded() -> None:
    sessions = SessionManager(MemorySessions(most=2))
    ids = [(await sessions.create_session(AccountId(name)))[0] for name in ("ann", "bob")]
    await sessions.get_session(ids[0])
    ids.append((await sessions.create_session(AccountId("cy")))[0])
    assert [await sessions.get_session(each) is not None for each in ids] == [True, False, True]


async def test_two_processes_share_what_is_in_redis_and_say_when_it_is_away() -> None:
    with running_redis() as server:
        here, there = (SessionManager(RedisSessions(server.url)) for _ in range(2))
        session_id, _ = await here.create_session(ANN)
        assert await there.get_session(session_id) is not None
        server.wipe()
        assert await there.get_session(session_id) is None
        server.process.kill()
        server.process.wait()
        asking: list[Callable[[], Awaitable[object]]] = [
            lambda: here.get_session(session_id),
            lambda: here.create_session(ANN),
            lambda: here.sessions_of(ANN),
        ]
        for ask in asking:
            with pytest.raises(SessionsUnavailable):
                await ask()
        await here.close()
        await there.close()
