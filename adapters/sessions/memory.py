"""Sessions in this process."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import time

from application.ports.sessions import IDLE_S, LIFETIME_S, PER_ACCOUNT, Session
from domain.identifiers import AccountId

MOST = 100_000
"""How many sessions there may be: one more ends the one that was not used for longest."""

NAMES_MAX = 100_000
"""Of how many names tries are counted: one more makes the oldest be forgotten."""

FORGOTTEN_S = 3_600.0
"""Tries are forgotten when the last is so long ago."""

LONGEST_S = 900.0
"""How long a try has to wait at most."""


class MemorySessions:
    """Keeps sessions while the process runs; ``now_s`` tells the time."""

    def __init__(self, *, most: int = MOST, now_s: Callable[[], float] = time) -> None:
        self._most = most
        self._now_s = now_s
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._of_account: dict[AccountId, dict[str, None]] = {}

    async def create(self, digest: str, account_id: AccountId, data: Mapping[str, str]) -> Session:
        """Begin a session."""
        now_s = self._now_s()
        session = Session(
            digest=digest,
            account_id=account_id,
            data=dict(data),
            created_at_s=now_s,
            used_at_s=now_s,
            ends_at_s=now_s + IDLE_S,
        )
        while len(self._live(account_id)) >= PER_ACCOUNT:
            self._drop(next(iter(self._of_account[account_id])))
        self._keep(session)
        if len(self._sessions) > self._most:
            self._drop(next(iter(self._sessions)))
        return session

    async def get(self, digest: str) -> Session | None:
        """Return a session that is being used."""
        session = self._find(digest)
        return None if session is None else self._used(session)

    async def update(self, digest: str, data: Mapping[str, str]) -> Session | None:
        """Note other data with a session."""
        session = self._find(digest)
        return None if session is None else self._used(replace(session, data=dict(data)))

    async def rotate(self, digest: str, successor: str) -> Session | None:
        """Have a session go on under another id."""
        session = self._find(digest)
        if session is None:
            return None
        # It keeps its place among the account's sessions: it is as old as it was.
        places = [successor if each == digest else each for each in self._of_account[session.account_id]]
        self._drop(digest)
        self._keep(replace(session, digest=successor))
        self._of_account[session.account_id] = dict.fromkeys(places)
        return self._used(replace(session, digest=successor))

    async def destroy(self, digest: str) -> bool:
        """End a session."""
        there = self._find(digest) is not None
        if there:
            self._drop(digest)
        return there

    async def of_account(self, account_id: AccountId) -> Sequence[Session]:
        """Return the sessions of an account, the oldest first."""
        return self._live(account_id)

    async def close(self) -> None:
        """Nothing is held open."""

    def _live(self, account_id: AccountId) -> list[Session]:
        found = (self._find(digest) for digest in list(self._of_account.get(account_id, ())))
        return [session for session in found if session is not None]

    def _find(self, digest: str) -> Session | None:
        session = self._sessions.get(digest)
        if session is not None and session.ends_at_s <= self._now_s():
            self._drop(digest)
            return None
        return session

    def _used(self, session: Session) -> Session:
        now_s = self._now_s()
        ends_at_s = min(now_s + IDLE_S, session.created_at_s + LIFETIME_S)
        used = replace(session, used_at_s=now_s, ends_at_s=ends_at_s)
        self._sessions[session.digest] = used
        self._sessions.move_to_end(session.digest)
        return used

    def _keep(self, session: Session) -> None:
        self._sessions[session.digest] = session
        self._of_account.setdefault(session.account_id, {})[session.digest] = None

    def _drop(self, digest: str) -> None:
        session = self._sessions.pop(digest)
        account = self._of_account[session.account_id]
        del account[digest]
        if not account:
            del self._of_account[session.account_id]


@dataclass(slots=True)
class _Tries:
    count: int
    next_at_s: float
    last_at_s: float


class MemoryAttempts:
    """Counts tries to log in while the process runs; ``now_s`` tells the time."""

    def __init__(self, *, most: int = NAMES_MAX, now_s: Callable[[], float] = time) -> None:
        self._most = most
        self._now_s = now_s
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    async def begin(self, allowances: Mapping[str, int]) -> float:
        """Count a try for each name, or say how long to wait."""
        now_s = self._now_s()
        tries = {name: self._of(name, now_s) for name in allowances}
        wait_s = max(each.next_at_s for each in tries.values()) - now_s
        if wait_s > 0:
            return wait_s
        for name, each in tries.items():
            each.count += 1
            each.last_at_s = now_s
            each.next_at_s = now_s + delay_s(each.count, allowances[name])
            self._tries[name] = each
            self._tries.move_to_end(name)
        while len(self._tries) > self._most:
            self._tries.popitem(last=False)
        return 0.0

    async def succeeded(self, name: str) -> None:
        """Forget the tries of a name."""
        self._tries.pop(name, None)

    def _of(self, name: str, now_s: float) -> _Tries:
        known = self._tries.get(name)
        if known is None or known.last_at_s + FORGOTTEN_S <= now_s:
            return _Tries(0, now_s, now_s)
        return known


def delay_s(count: int, allowed: int) -> float:
    """Return how long after a try the next may be made: nothing at first, then twice as long each time."""
    beyond = count - allowed
    return 0.0 if beyond < 0 else min(2.0 ** min(beyond, 20), LONGEST_S)
