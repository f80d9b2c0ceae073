"""Which engine owns which stream, for all that the log says."""

from application.cluster.membership import Membership
from application.cluster.ring import ConsistentHashRing
from application.ports.event_store import StoreUnavailable
from application.streams import IDENTITY, LEDGER, WEBHOOKS


class OwnerAway(StoreUnavailable):
    """The engine that owns a stream cannot be asked now. Nothing was done; it is started again."""


class Placement:
    """Answers who owns a stream. ``engine`` is the name of this process, if it is one of them."""

    def __init__(self, membership: Membership, engine: str | None = None) -> None:
        self.membership = membership
        self.engine = engine
        self._revision = -2
        self._members = self._before = ConsistentHashRing()
        self._owners: dict[str, str] = {}

    def owner(self, stream: str) -> str:
        """Return the engine that owns a stream. Raises :class:`OwnerAway` where there is none at all."""
        self._follow()
        owner = self._owners.get(stream)
        if owner is None:
            owner = self._owners[stream] = self._owner(_key(stream))
        return owner

    def here(self, stream: str) -> bool:
        """Return whether this process owns a stream."""
        return self.engine is not None and self.owner(stream) == self.engine

    def stays(self, stream: str) -> bool:
        """Return whether a stream is this process's, and remains so when all is handed over."""
        return self.here(stream) and self._members.owner(_key(stream)) == self.engine

    def _follow(self) -> None:
        state = self.membership.state
        if state.revision == self._revision:
            return
        self._members, self._before = ConsistentHashRing(state.members), ConsistentHashRing(state.before)
        self._owners, self._revision = {}, state.revision

    def _owner(self, key: str) -> str:
        state = self.membership.state
        if not state.members:
            raise OwnerAway("there is no engine yet: start one, or add it with `presage cluster add`")
        if state.owing and state.before:
            before = self._before.owner(key)
            if before in state.owing:
                return before
        return self._members.owner(key)


def _key(stream: str) -> str:
    """Return what stands for a stream on the ring: an account's money, keys and webhooks are in one place."""
    for prefix in (IDENTITY, WEBHOOKS):
        if stream.startswith(prefix):
            return LEDGER + stream.removeprefix(prefix)
    return stream

