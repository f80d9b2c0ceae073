"""Hashing passwords: at its full cost for everybody, beside the event loop, and in bounds."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from adapters.sessions import passwords as module
from adapters.sessions.passwords import Argon2Passwords
from application.hosting.owner import Overloaded


@pytest.fixture
async def passwords() -> AsyncIterator[Argon2Passwords]:
    hasher = Argon2Passwords()
    yield hasher
    await hasher.close()


async def test_a_hash_says_how_it_was_made_and_matches_its_password_alone(
    passwords: Argon2Passwords,
) -> None:
    first, second = await passwords.hashed("correct horse"), await passwords.hashed("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert len(first) <= 256
    assert await passwords.verify(first, "correct horse")
    assert not await passwords.verify(first, "correct horsf")
    assert not await passwords.verify("no hash at all", "correct horse")


async def test_unknown_accounts_cost_a_whole_check_and_never_match(
    passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = passwords._hasher.verify

    def verify(hashed: str, password: str) -> bool:
        checked.append(hashed)
        return real(hashed, password)

    monkeypatch.setattr(type(passwords._hasher), "verify", lambda _self, *asked: verify(*asked))
    assert not await passwords.verify(None, "anything")
    assert not await passwords.verify(None, "nobody's"), "not even the one that it is held against"
    assert len(checked) == 2
    assert all(each.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for each in checked)


async def test_only_so_many_are_hashed_at_once_and_more_than_may_wait_are_told_so(
    passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 5)
    gate, lock = threading.Event(), threading.Lock()
    running = most = 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait()
        with lock:
            running -= 1

    waiting = [asyncio.create_task(passwords._aside(work)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await passwords.verify(None, "one too many")
    gate.set()
    await asyncio.gather(*waiting)
    assert most <= 2
    assert not await passwords.verify(None, "there is room again")
