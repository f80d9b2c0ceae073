"""The consistent hashing ring beside ``uhashring`` (exercise 21): balance, speed of looking up, what moves.

Both have 100 nodes with 160 points each, and are asked for the same keys, in turns; the best of the rounds
counts, as the others were disturbed. ``uhashring`` is asked in its own default way (ketama).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from statistics import pstdev
from typing import Any

from application.cluster.ring import VIRTUAL_NODES, ConsistentHashRing

NODES = 100
ROUNDS = 5

Owner = Callable[[str], str]


def run(n: int = 100_000) -> dict[str, Any]:
    """Look ``n`` keys up, before and after a node is added and after one is removed."""
    keys = [f"market-{number}" for number in range(n)]
    names = [f"engine-{number}" for number in range(NODES)]
    ways: dict[str, Callable[[Sequence[str]], Owner]] = {"ours": _ours, "uhashring": _uhashring}
    speeds = {name: _laid(way, names) for name, way in ways.items()}
    for _ in range(ROUNDS):
        for speed in speeds.values():
            speed.look_up(keys)
    measured = {
        name: {
            "look_up_us": round(speeds[name].best_us, 3),
            "laid_ms": round(speeds[name].laid_ms, 1),
            **_balance(speeds[name].owner, keys),
            **_moved(way, names, keys),
        }
        for name, way in ways.items()
    }
    ours, peer = measured["ours"], measured["uhashring"]
    return {
        "bench": "ring",
        "n": n,
        "conditions": {"nodes": NODES, "points_of_a_node": VIRTUAL_NODES, "rounds": ROUNDS},
        "ours": ours,
        "peers": {"uhashring": peer, "ideal": _ideal()},
        "ratios": {name: round(ours[name] / peer[name], 2) for name in ours if peer[name]},
    }


class _Speed:
    """How fast one ring finds owners."""

    def __init__(self, owner: Owner, laid_ms: float) -> None:
        self.owner = owner
        self.laid_ms = laid_ms
        self.best_us = float("inf")

    def look_up(self, keys: Sequence[str]) -> None:
        """Find every key's owner once."""
        owner, begin = self.owner, time.perf_counter()
        for key in keys:
            owner(key)
        self.best_us = min(self.best_us, 1e6 * (time.perf_counter() - begin) / len(keys))


def _laid(way: Callable[[Sequence[str]], Owner], names: Sequence[str]) -> _Speed:
    begin = time.perf_counter()
    owner = way(names)
    return _Speed(owner, 1_000 * (time.perf_counter() - begin))


def _ours(names: Sequence[str]) -> Owner:
    return ConsistentHashRing(names).owner


def _uhashring(names: Sequence[str]) -> Owner:
    peer: Any = import_module("uhashring")
    owner: Owner = peer.HashRing(list(names), vnodes=VIRTUAL_NODES).get_node
    return owner


def _balance(owner: Owner, keys: Sequence[str]) -> dict[str, float]:
    owned = Counter(map(owner, keys))
    due = len(keys) / NODES
    counts = [owned[f"engine-{number}"] / due for number in range(NODES)]
    return {
        "fullest_of_due": round(max(counts), 3),
        "emptiest_of_due": round(min(counts), 3),
        "deviation_of_due": round(pstdev(counts), 4),
    }


def _moved(
    way: Callable[[Sequence[str]], Owner], names: Sequence[str], keys: Sequence[str]
) -> dict[str, float]:
    before = list(map(way(names), keys))
    added = list(map(way([*names, "engine-new"]), keys))
    removed = list(map(way(names[:-1]), keys))
    return {
        "moved_by_adding_percent": _percent(before, added),
        "moved_by_removing_percent": _percent(before, removed),
        "moved_between_others": sum(
            new not in (old, "engine-new") for old, new in zip(before, added, strict=True)
        ),
    }


def _percent(before: Sequence[str], after: Sequence[str]) -> float:
    return round(100 * sum(old != new for old, new in zip(before, after, strict=True)) / len(before), 3)


def _ideal() -> dict[str, float]:
    return {
        "fullest_of_due": 1.0,
        "emptiest_of_due": 1.0,
        "moved_by_adding_percent": round(100 / (NODES + 1), 3),
        "moved_by_removing_percent": round(100 / NODES, 3),
    }
