"""The ring against what consistent hashing promises (exercise 21)."""

import random
from collections import Counter

import pytest

from application.cluster.ring import PLACES, ConsistentHashRing, EmptyRing, redistribution

KEYS = [f"MARKET-{number}" for number in range(20_000)]


def owners(ring: ConsistentHashRing) -> dict[str, str]:
    return {key: ring.owner(key) for key in KEYS}


@pytest.mark.parametrize("count", [1, 2, 4, 10])
def test_a_node_that_joins_takes_its_share_and_moves_no_key_between_others(count: int) -> None:
    ring = ConsistentHashRing(f"engine-{number}" for number in range(count))
    before = owners(ring)
    ring.add("engine-new")
    after = owners(ring)
    moved = [key for key in KEYS if before[key] != after[key]]
    assert {after[key] for key in moved} == {"engine-new"}
    assert abs(len(moved) / len(KEYS) - 1 / (count + 1)) < 0.02 + 0.1 / (count + 1)


def test_a_node_that_leaves_gives_back_exactly_what_it_took() -> None:
    ring = ConsistentHashRing(["a", "b", "c"])
    before = owners(ring)
    ring.add("d")
    ring.remove("d")
    assert owners(ring) == before


def test_every_process_has_the_same_ring_whatever_the_order_in_which_it_learned_of_the_nodes() -> None:
    names = [f"engine-{number}" for number in range(7)]
    first = owners(ConsistentHashRing(names))
    for seed in range(5):
        random.Random(seed).shuffle(names)
        ring = ConsistentHashRing(names[:3])
        for name in names[3:]:
            ring.add(name)
        assert owners(ring) == first
    # A fixed point, so that a change of the hash, which would move every market, is noticed.
    assert {key: first[key] for key in KEYS[:4]} == FIRST_FOUR


FIRST_FOUR = {
    "MARKET-0": "engine-5",
    "MARKET-1": "engine-0",
    "MARKET-2": "engine-0",
    "MARKET-3": "engine-2",
}


def test_adding_one_of_a_hundred_nodes_moves_little_more_than_its_share() -> None:
    keys = [f"market-{number}" for number in range(100_000)]
    before = ConsistentHashRing(f"engine-{number}" for number in range(100))
    after = ConsistentHashRing(before.nodes)
    after.add("engine-new")
    moved = redistribution(before, after, keys).percentage
    assert 0.5 < moved <= 100 / 101 + 2


def test_nodes_come_all_together_or_not_at_all() -> None:
    ring = ConsistentHashRing(["a"])
    with pytest.raises(ValueError, match="on the ring already"):
        ring.add_all([("b", 1), ("a", 1)])
    assert ring.nodes == {"a": 1}
    with pytest.raises(ValueError, match="passes 1,000,000 points"):
        ring.add("c", 1_000_000)
    assert {ring.owner(key) for key in KEYS[:100]} == {"a"}


def test_shares_are_what_a_walk_over_the_ring_finds_and_add_up_to_one() -> None:
    ring = ConsistentHashRing({"a": 1, "b": 2, "c": 1})
    found = Counter(ring.owner_of_place(place) for place in range(0, PLACES, PLACES // 100_000))
    for node, share in ring.shares().items():
        assert found[node] / found.total() == pytest.approx(share, abs=0.001)
    assert sum(ring.shares().values()) == pytest.approx(1)
    assert ring.shares()["b"] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("virtual_nodes", "bound"), [(1, 3.0), (16, 0.8), (160, 0.3), (1_600, 0.08)])
def test_more_virtual_nodes_make_shares_more_even(virtual_nodes: int, bound: float) -> None:
    ring = ConsistentHashRing((f"engine-{n}" for n in range(10)), virtual_nodes=virtual_nodes)
    assert max(abs(10 * share - 1) for share in ring.shares().values()) < bound
    assert len(ring.points) == 10 * virtual_nodes


def test_what_would_move_is_told_as_a_share_and_key_by_key() -> None:
    before, after = ConsistentHashRing(["a", "b"]), ConsistentHashRing(["a", "b", "c"])
    told = redistribution(before, after, KEYS)
    assert told.moved == {
        key: (before.owner(key), after.owner(key)) for key in KEYS if before.owner(key) != after.owner(key)
    }
    assert told.percentage == pytest.approx(100 * len(told.moved) / len(KEYS))
    assert told.share == pytest.approx(len(told.moved) / len(KEYS), abs=0.02)
    assert told.share == pytest.approx(after.shares()["c"]), "to a newcomer all that moves goes"
    assert redistribution(before, after).percentage == pytest.approx(100 * told.share)
    assert redistribution(before, before, KEYS).percentage == 0


def test_the_first_node_takes_everything_and_the_last_leaves_nothing() -> None:
    none, one = ConsistentHashRing(), ConsistentHashRing(["a"])
    assert redistribution(none, one, ["k"]).moved == {"k": (None, "a")}
    assert redistribution(one, none, ["k"]).moved == {"k": ("a", None)}
    assert redistribution(none, one).percentage == redistribution(one, none).percentage == 100
    assert redistribution(none, none).percentage == 0


def test_a_ring_without_nodes_says_so() -> None:
    ring = ConsistentHashRing(["a"])
    ring.remove("a")
    with pytest.raises(EmptyRing, match="add one"):
        ring.owner("k")


@pytest.mark.parametrize(
    ("nodes", "says"), [(["a", "a"], "one name"), ({"a": 0}, "at least 1"), ([""], "has a name")]
)
def test_impossible_nodes_are_refused(nodes: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ConsistentHashRing(nodes)  # type: ignore[arg-type]


def test_a_node_joins_once_and_only_who_is_there_can_leave() -> None:
    ring = ConsistentHashRing(["a"])
    with pytest.raises(ValueError, match="already"):
        ring.add("a")
    with pytest.raises(KeyError):
        ring.remove("b")
    with pytest.raises(ValueError, match="at least one virtual node"):
        ConsistentHashRing(["a"], virtual_nodes=0)
