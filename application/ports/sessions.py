"""Sessions of people who logged in, and how often it was tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.identifiers import AccountId

IDLE_S = 30 * 60
"""A session ends when it was not used for so long."""

LIFETIME_S = 12 * 60 * 60
"""A session ends after so long, however much it is used."""

PER_ACCOUNT = 20
"""How many sessions an account has at most: one more ends the oldest."""


class SessionsUnavailable(Exception):
    """The sessions cannot be reached now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody is logged in. ``digest`` is the hash of the session's id; the id itself is kept nowhere.

    ``data`` is what was noted with it. It ends at ``ends_at_s`` unless it is used before; times are in
    seconds since the Unix epoch, by the clock of the store.
    """

    digest: str
    account_id: AccountId
    data: Mapping[str, str]
    created_at_s: float
    used_at_s: float
    ends_at_s: float


class SessionStore(Protocol):
    """Keeps sessions by the hash of their id. Raises :class:`SessionsUnavailable`.

    Each use of a session makes it last :data:`IDLE_S` longer, and never past :data:`LIFETIME_S`.
    """

    async def create(self, digest: str, account_id: AccountId, data: Mapping[str, str]) -> Session:
        """Begin a session; beyond :data:`PER_ACCOUNT` the account's oldest ends."""
        ...

    async def get(self, digest: str) -> Session | None:
        """Return a session that is being used, ``None`` if it has ended."""
        ...

    async def update(self, digest: str, data: Mapping[str, str]) -> Session | None:
        """Note other data with a session; return it, ``None`` if it has ended."""
        ...

    async def rotate(self, digest: str, successor: str) -> Session | None:
        """Have a session go on under another id, and under no other; ``None`` if it has ended."""
        ...

    async def destroy(self, digest: str) -> bool:
        """End a session; return whether there was one."""
        ...

    async def of_account(self, account_id: AccountId) -> Sequence[Session]:
        """Return the sessions of an account, the oldest first. That is no use of them."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class LoginAttempts(Protocol):
    """Counts tries to log in, and says when the next may be made. Raises :class:`SessionsUnavailable`."""

    async def begin(self, allowances: Mapping[str, int]) -> float:
        """Count a try for each of several names, and return zero; or how many seconds to wait.

        After as many tries as a name is allowed, each waits twice as long as the one before.
        """
        ...

    async def succeeded(self, name: str) -> None:
        """Forget the tries of a name: the last of them was right."""
        ...
