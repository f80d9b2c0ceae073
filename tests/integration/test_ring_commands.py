"""``presage ring``: what would move, and what is refused (exercise 21)."""

from pathlib import Path

import pytest

from application.cluster.ring import ConsistentHashRing
from tests.acceptance.presage_process import Outcome, presage_here

KEYS = [f"market-{number}" for number in range(300)]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys"
    file.write_text("\n".join([*KEYS, "", KEYS[0], "  "]))
    return file


def ring(*arguments: object) -> Outcome:
    return presage_here("ring", *arguments, "--json")


def test_a_ring_is_shown_with_the_owner_of_every_key(keys: Path) -> None:
    told = ring("show", "a", "b=2", "--keys", keys).json
    expected = ConsistentHashRing({"a": 1, "b": 2})
    assert told["owners"] == {key: expected.owner(key) for key in KEYS}
    assert [(each["node"], each["weight"], each["due"]) for each in told["nodes"]] == [
        ("a", 1, 0.33333),
        ("b", 2, 0.66667),
    ]
    assert (told["keys"], told["points"]) == (300, 480)


def test_a_plan_lists_every_key_that_would_move(keys: Path) -> None:
    told = ring("plan", "a", "b", "--add", "c", "--keys", keys).json
    before, after = ConsistentHashRing(["a", "b"]), ConsistentHashRing(["a", "b", "c"])
    assert told["moved"] == [
        {"key": key, "from": before.owner(key), "to": "c"} for key in KEYS if after.owner(key) == "c"
    ]
    assert told["percentage"] == round(100 * len(told["moved"]) / len(KEYS), 3)
    assert told["ideal_share"] == 0.33333
    back = ring("plan", "a", "b", "c", "--remove", "c", "--keys", keys).json
    assert [(each["key"], each["to"]) for each in back["moved"]] == [
        (each["key"], each["from"]) for each in told["moved"]
    ]


def test_without_a_file_the_keys_are_the_markets_of_the_exchange(tmp_path: Path) -> None:
    for ticker in ("RAIN", "SNOW"):
        made = presage_here("market", "create", ticker, "--title", f"Will {ticker} be?", "--data", tmp_path)
        assert made.status == 0, made.stderr
    told = ring("show", "a", "--data", tmp_path).json
    assert told["owners"] == {"market-RAIN": "a", "market-SNOW": "a"}


def test_people_are_shown_as_many_keys_as_they_can_read(keys: Path) -> None:
    shown = presage_here("ring", "plan", "a", "--add", "b=3", "--keys", keys)
    moved = len(ring("plan", "a", "--add", "b=3", "--keys", keys).json["moved"])
    assert f"{moved} of 300 keys would move" in shown.stdout
    assert f"and {moved - 50} more" in shown.stdout
    assert shown.status == 0


REFUSED = {
    "show": ("empty_ring", "there is no node"),
    "plan --add a": ("empty_ring", "there is no node"),
    "plan a --remove a": ("empty_ring", "no node would be left"),
    "plan a --remove b": ("unknown_node", "no node b"),
    "plan a b --remove b --remove b": ("unknown_node", "no node b"),
    "plan a --add a": ("invalid_node", "on the ring already"),
    "show a b a": ("invalid_node", "on the ring already"),
    "show a=0": ("invalid_node", "at least 1"),
    "show a=-1": ("invalid_node", "whole number"),
    "show a=1.5": ("invalid_node", "whole number"),
    "show a=": ("invalid_node", "whole number"),
    "show a=nine": ("invalid_node", "whole number"),
    "show a=٣": ("invalid_node", "whole number"),
    "show a=99999999999999999999": ("invalid_node", "whole number"),
    "show a=7000": ("invalid_node", "1,000,000 points"),
    "show a=1000 --virtual-nodes 10000": ("invalid_node", "1,000,000 points"),
    "show =3": ("invalid_node", "has a name"),
    "show a --virtual-nodes 0": ("usage", "virtual-nodes"),
    "plan a": ("usage", "--add or --remove"),
    "show a --keys no/such/file": ("file_error", "no/such/file"),
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_is_no_ring_is_refused_and_says_why(arguments: str, keys: Path) -> None:
    code, says = REFUSED[arguments]
    told = ring(*arguments.split(), *([] if "--keys" in arguments else ["--keys", keys]))
    assert told.status == (2 if code == "usage" else 1)
    assert told.json["error"]["code"] == code
    assert says in told.json["error"]["message"]


def test_keys_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"market-A\n\xff\xfe")
    assert ring("show", "a", "--keys", tmp_path / "keys").json["error"]["code"] == "unreadable_keys"
