"""Passwords hashed by argon2id, in threads of their own and only so many at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from application.hosting.owner import Overloaded

MEMORY_KIB = 19 * 1_024
PASSES = 2
LANES = 1
"""What OWASP asks of argon2id: 19 MiB, two passes, one lane."""

AT_ONCE = 2
"""How many are hashed at the same time: each takes 19 MiB and a processor."""

WAITING_MAX = 64
"""How many may be hashed or wait for it before callers are told to come back: about two seconds' worth."""

T = TypeVar("T")


class Argon2Passwords:
    """Hashes and checks passwords."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=argon2.Type.ID
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys: str | None = None

    async def hashed(self, password: str) -> str:
        """Return a new hash of a password."""
        return await self._aside(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password is the one of a hash; it takes as long where there is no hash."""
        matches = await self._aside(lambda: self._matches(password_hash or self._nobody(), password))
        return matches and password_hash is not None

    async def close(self) -> None:
        """Stop; what waits is not hashed any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _nobody(self) -> str:
        """Return the hash that the passwords of unknown accounts are held against."""
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody's")
        return self._nobodys

    async def _aside(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Overloaded("too many passwords are being checked; try again later")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
