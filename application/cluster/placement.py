"""Which engine owns which stream, for all that the log says."""

from collections.abc import Callable

from application.cluster.membership import Membership
from application.cluster.ring import ConsistentHashRing
from application.ports.event_store import StoreUnavailable
from application.streams import IDENTITY, LEDGER, QUOTES, WEBHOOKS
from domain.cluster import ClusterState

_REMEMBERED = 100_000
"""For how many streams it is remembered who owns them: also what is not there is asked for."""


class OwnerAway(StoreUnavailable):
    """The engine that owns a stream cannot be asked now. Nothing was done; it is started again."""


class _Rings:
    """Who owns what as of one moment of the log."""

    def __init__(self, state: ClusterState) -> None:
        self._members, self._before = ConsistentHashRing(state.members), ConsistentHashRing(state.before)
        self._owing = state.owing
        self._owners: dict[str, str] = {}

    def owner(self, stream: str) -> str:
        """Return the engine that owns a stream. Raises :class:`OwnerAway` where there is none at all."""
        owner = self._owners.get(stream)
        if owner is None:
            if len(self._owners) >= _REMEMBERED:
                self._owners.clear()
            owner = self._owners[stream] = self._owner(_key(stream))
        return owner

    def heir(self, stream: str) -> str:
        """Return the engine that owns a stream once everybody has handed over."""
        return self._members.owner(_key(stream))

    def _owner(self, key: str) -> str:
        if not self._members.nodes:
            raise OwnerAway("there is no engine yet: start one, or add it with `presage cluster add`")
        if self._owing and (before := self._before.owner(key)) in self._owing:
            return before
        return self._members.owner(key)


class Placement:
    """Answers who owns a stream. ``engine`` is the name of this process, if it is one of them.

    What comes to an engine is its own only once it knows from where to go on with it: while ``unprepared``
    says so, what it owns stays what it was.
    """

    def __init__(self, membership: Membership, engine: str | None = None) -> None:
        self.membership = membership
        self.engine = engine
        self.unprepared: Callable[[], bool] = lambda: False
        self._revision = membership.state.revision
        self._rings = self._prepared = _Rings(membership.state)

    def owner(self, stream: str) -> str:
        """Return the engine that owns a stream. Raises :class:`OwnerAway` where there is none at all."""
        self._follow()
        return self._rings.owner(stream)

    def here(self, stream: str) -> bool:
        """Return whether this process owns a stream. Raises :class:`OwnerAway` before the first engine."""
        self._follow()
        return self.engine is not None and self._prepared.owner(stream) == self.engine

    def stays(self, stream: str) -> bool:
        """Return whether a stream is this process's, and remains so when all is handed over."""
        return self.here(stream) and self._rings.heir(stream) == self.engine

    def prepare(self) -> None:
        """Take for one's own what has come."""
        self._follow()
        self._prepared = self._rings

    def _follow(self) -> None:
        state = self.membership.state
        if state.revision != self._revision:
            self._rings, self._revision = _Rings(state), state.revision
            if not self.unprepared():
                self._prepared = self._rings


def _key(stream: str) -> str:
    """Return what stands for a stream on the ring: what is an account's is in one place."""
    for prefix in (IDENTITY, WEBHOOKS, QUOTES):
        if stream.startswith(prefix):
            return LEDGER + stream.removeprefix(prefix)
    return stream
