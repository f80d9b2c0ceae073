"""Consistent hashing (exercise 21): who owns a key, so that a node that comes or goes moves few of them.

Each node stands at many points of a ring of 2^64 places, its virtual nodes; a key belongs to the node at the
next point. A node that joins takes its share from all others and moves no key between them, and leaving gives
exactly those back. Points depend on names only, so every process that knows the same nodes has the same ring.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct

_place = Struct(">Q").unpack

VIRTUAL_NODES = 160
"""Points of a node of weight 1: shares are then within about a tenth of one another."""

PLACES = 2**64

POINTS_MAX = 1_000_000
"""How many points a ring may have: a weight that was mistyped does not fill the memory."""


class EmptyRing(LookupError):
    """There is no node that could own anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redistribution:
    """What moves when the nodes change. ``share`` is the part of all keys there could be, from 0 to 1.

    ``moved`` lists the keys that were asked about: their old and their new owner, ``None`` for no node.
    """

    share: float
    moved: Mapping[str, tuple[str | None, str | None]]
    asked: int

    @property
    def percentage(self) -> float:
        """How many per cent of the keys asked about move; of all there could be if none were named."""
        return 100 * (len(self.moved) / self.asked if self.asked else self.share)


class ConsistentHashRing:
    """Nodes with weights on a ring. ``virtual_nodes`` is how many points a node of weight 1 has."""

    def __init__(
        self, nodes: Mapping[str, int] | Iterable[str] = (), *, virtual_nodes: int = VIRTUAL_NODES
    ) -> None:
        if virtual_nodes < 1:
            raise ValueError("a node has at least one virtual node")
        self.virtual_nodes = virtual_nodes
        self._weights: dict[str, int] = {}
        self.points: list[int] = []
        """Every point of the ring, in order."""
        self._owners: list[str] = []
        self.add_all(_weighted(nodes).items())

    @property
    def nodes(self) -> Mapping[str, int]:
        """Every node with its weight."""
        return dict(self._weights)

    def add(self, node: str, weight: int = 1) -> None:
        """Add a node; twice the weight owns twice as much. Raises ``ValueError`` for one that is there."""
        self.add_all([(node, weight)])

    def add_all(self, nodes: Iterable[tuple[str, int]]) -> None:
        """Add nodes with their weights, all of them or, where a ``ValueError`` is raised, none."""
        before = dict(self._weights)
        try:
            for node, weight in nodes:
                self._checked(node, weight)
        except ValueError:
            self._weights = before
            raise
        self._lay()

    def remove(self, node: str) -> None:
        """Take a node out; what it owned goes to the others. Raises ``KeyError`` for an unknown one."""
        del self._weights[node]
        self._lay()

    def owner(self, key: str) -> str:
        """Return the node a key belongs to. Raises :class:`EmptyRing`."""
        return self.owner_of_place(_place(blake2b(key.encode(), digest_size=8).digest())[0])

    def shares(self) -> dict[str, float]:
        """Return which part of the ring each node owns; together they are 1."""
        owned = dict.fromkeys(self._weights, 0)
        for number, owner in enumerate(self._owners):
            before = self.points[number - 1] if number else self.points[-1] - PLACES
            owned[owner] += self.points[number] - before
        return {node: places / PLACES for node, places in owned.items()}

    def _checked(self, node: str, weight: int) -> None:
        if not node:
            raise ValueError("a node has a name")
        if node in self._weights:
            raise ValueError(f"node {node} is on the ring already")
        if weight < 1:
            raise ValueError(f"the weight of node {node} is at least 1")
        if (sum(self._weights.values()) + weight) * self.virtual_nodes > POINTS_MAX:
            raise ValueError(
                f"with the weight {weight:,} of node {node} the ring passes {POINTS_MAX:,} points"
            )
        self._weights[node] = weight

    def _lay(self) -> None:
        # By name where two points meet, so that the order in which nodes came does not matter.
        laid = sorted(
            (point, node)
            for node, weight in self._weights.items()
            for point in _points(node, weight * self.virtual_nodes)
        )
        self.points = [point for point, _ in laid]
        self._owners = [node for _, node in laid]

    def owner_of_place(self, place: int) -> str:
        """Return the node that owns a place of the ring, from 0 to 2^64 - 1. Raises :class:`EmptyRing`."""
        if not self._owners:
            raise EmptyRing("no node is on the ring; add one")
        number = bisect_left(self.points, place)
        return self._owners[number if number < len(self._owners) else 0]


def redistribution(
    before: ConsistentHashRing, after: ConsistentHashRing, keys: Sequence[str] = ()
) -> Redistribution:
    """Return what would move from one ring to another: the share of all keys, and which of ``keys``."""
    moved = {}
    for key in keys:
        owners = _owner_or_none(before, key), _owner_or_none(after, key)
        if owners[0] != owners[1]:
            moved[key] = owners
    return Redistribution(share=_moved_share(before, after), moved=moved, asked=len(keys))


def _moved_share(before: ConsistentHashRing, after: ConsistentHashRing) -> float:
    if not before.nodes or not after.nodes:
        return float(bool(before.nodes) != bool(after.nodes))
    moved, previous = 0, -1
    for point in sorted({*before.points, *after.points, PLACES - 1}):
        # The places after the previous point up to this one have one owner each before and after.
        if before.owner_of_place(point) != after.owner_of_place(point):
            moved += point - previous
        previous = point
    return moved / PLACES


def _owner_or_none(ring: ConsistentHashRing, key: str) -> str | None:
    return ring.owner(key) if ring.nodes else None


def _weighted(nodes: Mapping[str, int] | Iterable[str]) -> Mapping[str, int]:
    if isinstance(nodes, Mapping):
        return nodes
    names = list(nodes)
    if len(set(names)) != len(names):
        raise ValueError("two nodes have one name")
    return dict.fromkeys(names, 1)


def _points(node: str, count: int) -> Iterable[int]:
    for number in range(0, count, 8):  # eight points from each digest
        digest = blake2b(f"{node}#{number}".encode(), digest_size=64).digest()
        for each in range(min(8, count - number)):
            yield int.from_bytes(digest[8 * each : 8 * each + 8], "big")
