"""Hashing passwords: slow on purpose, so it has to be kept from the event loop and in bounds."""

from typing import Protocol


class PasswordHasher(Protocol):
    """Makes and checks hashes of passwords. Raises ``Overloaded`` where too many wait."""

    async def hashed(self, password: str) -> str:
        """Return a new hash of a password."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password is the one of a hash; it takes as long where there is no hash."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...
