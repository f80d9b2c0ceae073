"""Which keys and passwords are in force: read where they are written, so that changes count at once.

Nothing else has to work for that, and no process has to run: whoever asks has the streams looked at again
when that was not done just now. If the store cannot be read, nobody can revoke a key in it either; then
what is known holds.
"""

import asyncio
import logging
from collections.abc import Callable

from application.health import Health, Trouble
from application.ports.codec import EventCodec
from application.ports.event_store import EventStoreError, StreamReader
from application.streams import identity_stream, partition_of
from domain.identifiers import AccountId
from domain.identity.aggregate import IDENTITY, IdentityState, KeyCreated

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
"""For how long what was read is trusted."""

PATIENCE_S = 0.5
"""How long a request waits for the streams to be read."""


class KeysInForce:
    """Follows the streams of keys, by looking.

    ``changes`` counts changes that another process has told of, so that these are looked at before anything
    is trusted; ``changed`` is called when something new was read, to tell others.
    """

    def __init__(
        self,
        *,
        reader: StreamReader,
        codec: EventCodec,
        partitions: int,
        health: Health,
        changes: Callable[[], int] = lambda: 0,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._reader = reader
        self._health = health
        self._codec = codec
        self._changes = changes
        self._changed = changed
        self._known_changes = changes()
        self._states = {identity_stream(partition): IdentityState() for partition in range(partitions)}
        self._looked_at_s = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> KeyCreated | None:
        """Return a key that is in force, ``None`` if there is none of that id."""
        await self._look_again()
        for state in self._states.values():
            key = state.keys.get(key_id)
            if key is not None:
                return key
        return None

    async def password_hash(self, account_id: AccountId) -> str | None:
        """Return the hash of an account's password, ``None`` if it has none."""
        await self._look_again()
        state = self._states[identity_stream(partition_of(account_id, len(self._states)))]
        return state.passwords.get(account_id)

    async def _look_again(self) -> None:
        if self._changes() != self._known_changes:
            await asyncio.wait([asyncio.ensure_future(self.look())], timeout=PATIENCE_S)
        elif _now_s() >= self._looked_at_s + LOOK_EVERY_S:
            await asyncio.wait([self._look()], timeout=PATIENCE_S)

    async def look(self) -> None:
        """Take in all that was written until now."""
        if self._looking is not None:  # it may have begun too early
            await asyncio.wait([self._looking])
        await asyncio.wait([self._look()])

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    def _look(self) -> "asyncio.Task[None]":
        if self._looking is None:
            self._looking = asyncio.create_task(self._read(_now_s()), name="keys in force")
        return self._looking

    async def _read(self, now_s: float) -> None:
        changes, news = self._changes(), False
        try:
            for stream, state in self._states.items():
                news |= await self._read_stream(stream, state)
        finally:
            self._looked_at_s, self._known_changes = now_s, changes
            self._looking = None
            if news:
                self._changed()

    async def _read_stream(self, stream: str, state: IdentityState) -> bool:
        """Take in what is new in a stream; return whether there was anything."""
        before = state.revision
        try:
            async for page in self._reader.read_stream(stream, from_revision=state.revision + 1):
                for stored in page:
                    IDENTITY.evolve(state, self._codec.decode(stored).event)  # type: ignore[arg-type]
        except EventStoreError as error:
            # That nothing can be read is told by whoever watches the log.
            log.warning("keys cannot be looked up, what is known holds: %s", error)
        except Exception as error:  # noqa: BLE001 (whatever it is, keys that were revoked would stay in force)
            why = f"they cannot be looked up, and what is known of them holds: {error}"
            self._health.report(f"keys of {stream}", Trouble.STREAM_UNREADABLE, why)
        else:
            self._health.clear(f"keys of {stream}", Trouble.STREAM_UNREADABLE)
        return state.revision > before


def _now_s() -> float:
    return asyncio.get_running_loop().time()
