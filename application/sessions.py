"""Sessions: who logged in may act for an account until the session ends."""

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256

from application.ports.sessions import Session, SessionStore
from domain.identifiers import AccountId

ID_BYTES = 32
"""Of chance, in the id of a session."""

NAMED_BY = 16
"""How many letters of the hash name a session to its owner."""


class SessionManager:
    """Creates, finds, changes and ends sessions. Their ids are told once and kept only as hashes."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    async def create_session(
        self, account_id: AccountId, data: Mapping[str, str] | None = None
    ) -> tuple[str, Session]:
        """Begin a session; return its id, which nobody can ever find out again."""
        session_id = _new_id()
        return session_id, await self._store.create(_digest(session_id), account_id, data or {})

    async def get_session(self, session_id: str) -> Session | None:
        """Return a session, which lasts longer by that; ``None`` if it has ended."""
        return await self._store.get(_digest(session_id))

    async def lasts(self, account_id: AccountId, session_id: str) -> bool:
        """Return whether an account's session goes on. To ask is no use of it."""
        digest = _digest(session_id)
        return any(session.digest == digest for session in await self._store.of_account(account_id))

    async def update_session(self, session_id: str, data: Mapping[str, str]) -> Session | None:
        """Note other data with a session; return it, ``None`` if it has ended."""
        return await self._store.update(_digest(session_id), data)

    async def rotate_session(self, session_id: str) -> tuple[str, Session] | None:
        """Give a session another id, as after a change of rights; ``None`` if it has ended."""
        successor = _new_id()
        session = await self._store.rotate(_digest(session_id), _digest(successor))
        return None if session is None else (successor, session)

    async def destroy_session(self, session_id: str) -> bool:
        """End a session; return whether there was one."""
        return await self._store.destroy(_digest(session_id))

    async def sessions_of(self, account_id: AccountId) -> Sequence[Session]:
        """Return the sessions of an account, the oldest first."""
        return await self._store.of_account(account_id)

    async def destroy_named(self, account_id: AccountId, name: str) -> bool:
        """End one of an account's sessions by the name its owner is told; return whether there was one."""
        for session in await self._store.of_account(account_id):
            if name_of(session) == name:
                return await self._store.destroy(session.digest)
        return False

    async def destroy_all(self, account_id: AccountId, *, but: str | None = None) -> int:
        """End all of an account's sessions but the one of an id, if any; return how many there were."""
        kept = None if but is None else _digest(but)
        ended = 0
        for session in await self._store.of_account(account_id):
            if session.digest != kept:
                ended += await self._store.destroy(session.digest)
        return ended

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()


def name_of(session: Session) -> str:
    """Return what a session is called where its owner sees it."""
    return session.digest[:NAMED_BY]


def _new_id() -> str:
    return secrets.token_urlsafe(ID_BYTES)


def _digest(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "replace")).hexdigest()
