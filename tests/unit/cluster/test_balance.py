"""How even a ring is, against what its definition says (exercise 21)."""

import pytest

from application.cluster.balance import balance, ideal_share
from application.cluster.ring import ConsistentHashRing

KEYS = [f"market-{number}" for number in range(5_000)]


def test_every_node_is_told_with_its_due_its_share_and_its_keys() -> None:
    ring = ConsistentHashRing({"b": 2, "a": 1, "c": 1})
    shares = balance(ring, KEYS)
    assert [(each.node, each.weight, each.due) for each in shares] == [
        ("a", 1, 0.25),
        ("b", 2, 0.5),
        ("c", 1, 0.25),
    ]
    for each in shares:
        assert each.keys == sum(ring.owner(key) == each.node for key in KEYS)
        assert each.share == ring.shares()[each.node]
        assert each.fullness == pytest.approx(each.share / each.due)
    assert sum(each.keys for each in shares) == len(KEYS)


def test_an_empty_ring_shares_nothing() -> None:
    assert balance(ConsistentHashRing(), KEYS) == []


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ({"a": 1}, {"a": 1, "b": 1}, 1 / 2),
        ({"a": 1, "b": 1}, {"a": 1}, 1 / 2),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 2}, 1 / 2),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1}, 0),
        ({"a": 1, "b": 1}, {"a": 1, "c": 1}, 1 / 2),
        ({}, {"a": 1}, 1),
        ({"a": 1}, {}, 1),
        ({}, {}, 0),
    ],
)
def test_what_has_to_move_at_least_is_what_the_others_gain(
    before: dict[str, int], after: dict[str, int], part: float
) -> None:
    assert ideal_share(ConsistentHashRing(before), ConsistentHashRing(after)) == pytest.approx(part)
