"""How evenly a ring spreads what there is over its nodes (exercise 21)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from application.cluster.ring import ConsistentHashRing


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShare:
    """What one node owns. ``due`` and ``share`` are parts of all keys there could be, from 0 to 1."""

    node: str
    weight: int
    due: float
    share: float
    keys: int

    @property
    def fullness(self) -> float:
        """How much it owns of what is its due: 1 is exactly that."""
        return self.share / self.due


def balance(ring: ConsistentHashRing, keys: Sequence[str] = ()) -> list[NodeShare]:
    """Return what each node owns, by name: of the whole ring, and of ``keys``."""
    weights, shares = ring.nodes, ring.shares()
    owned = Counter(map(ring.owner, keys)) if weights else Counter[str]()
    return [
        NodeShare(
            node=node,
            weight=weights[node],
            due=_due(weights[node], ring),
            share=shares[node],
            keys=owned[node],
        )
        for node in sorted(weights)
    ]


def ideal_share(before: ConsistentHashRing, after: ConsistentHashRing) -> float:
    """Return which part of all keys has to move at least, so that each node owns its due after the change."""
    gained = (
        _due(weight, after) - (_due(before.nodes[node], before) if node in before.nodes else 0.0)
        for node, weight in after.nodes.items()
    )
    return sum(max(0.0, each) for each in gained) if after.nodes else float(bool(before.nodes))


def _due(weight: int, ring: ConsistentHashRing) -> float:
    return weight / sum(ring.nodes.values())
