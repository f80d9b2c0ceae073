"""Keys that were used before: known by heart while they are new, and from an index once they are old.

A ledger remembers so many of the latest keys. The index is made from the log, and may be a little behind:
it has to know every key up to a position such that the ledger remembers all that came after it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from application.hosting.directory import LedgerOwner
from application.hosting.owner import Overloaded
from application.ports.event_store import AppendOutcomeUnknown, EventStoreError, Position
from application.ports.key_index import KeyIndex
from domain.ledger.state import LedgerState, Remembered

MARK_EVERY = 1_000
MARKS = 8
"""Marks times their distance stay well below :data:`domain.ledger.state.REMEMBERED`."""

INDEX_WAIT_S = 2.0
INDEX_LOOKS = 100
"""How long, and in how many looks, a request waits for the index of older keys."""

Known = TypeVar("Known")


@contextmanager
def perhaps_repeated(key: str) -> Iterator[None]:
    """Raise that the outcome is unknown, if it cannot be looked up whether a request with a key came before.

    This time nothing was done; but whoever repeats a request asks what became of it.
    """
    try:
        yield
    except (EventStoreError, Overloaded) as error:
        if not key or isinstance(error, AppendOutcomeUnknown):
            raise
        raise AppendOutcomeUnknown(f"whether it came before cannot be looked up: {error}") from error


class KnownKeys(Generic[Known]):
    """The keys of one kind, in all ledgers."""

    def __init__(
        self,
        ledgers: Sequence[LedgerOwner],
        remembered: Callable[[LedgerState], Remembered[Known]],
        index: KeyIndex[Known],
    ) -> None:
        self._ledgers = ledgers
        self._remembered = remembered
        self._index = index
        self._horizons: dict[int, _Horizon] = {}

    async def find(self, partition: int, key: str) -> Known | None:
        """Return what a key of a ledger was used for, ``None`` if it never was. Raises as :meth:`older`."""
        ledger = self._ledgers[partition]
        remembered = self._remembered(await ledger.state())
        known = remembered.get(key)
        if known is not None or remembered.all:
            return known
        older = await self.older(partition, key)
        # It may have been used while the older ones were searched.
        return self._remembered(await ledger.state()).get(key) if older is None else older

    async def older(self, partition: int, key: str) -> Known | None:
        """Return what a key was used for that its ledger has forgotten, ``None`` if there is no such key.

        Raises :class:`Overloaded` while the index is behind: an old key might be taken for a new one.
        """
        state = await self._ledgers[partition].state()
        remembered = self._remembered(state)
        if remembered.all or remembered.get(key) is not None:
            return None
        await self._index_covers(self._horizon(partition, state).position)
        return await self._index.find(key)

    def use(self, partition: int) -> None:
        """Count a key that is about to be used in a ledger."""
        horizon = self._horizons.get(partition)
        if horizon is not None:
            horizon.used(self._ledgers[partition].position)

    def _horizon(self, partition: int, state: LedgerState) -> "_Horizon":
        horizon = self._horizons.get(partition)
        if horizon is None or horizon.state is not state:
            # What was loaded anew may hold keys that others used: nothing is known of how many.
            horizon = self._horizons[partition] = _Horizon(state, self._ledgers[partition].position)
        return horizon

    async def _index_covers(self, position: Position) -> None:
        for _ in range(INDEX_LOOKS):
            if await self._index.position() >= position:
                return
            await asyncio.sleep(INDEX_WAIT_S / INDEX_LOOKS)
        raise Overloaded("the index of what was sent before is behind; try again later")


class _Horizon:
    """A position in the log such that the ledger remembers every key used after it."""

    __slots__ = ("_marks", "_since", "state")

    def __init__(self, state: LedgerState, position: Position) -> None:
        self.state = state
        self._marks: deque[Position] = deque([position], maxlen=MARKS)
        self._since = 0

    @property
    def position(self) -> Position:
        return self._marks[0]

    def used(self, position: Position) -> None:
        self._since += 1
        if self._since >= MARK_EVERY:
            self._since = 0
            self._marks.append(position)
