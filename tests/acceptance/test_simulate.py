"""``presage simulate`` as people run it."""

from tests.acceptance.presage_process import presage_here


def test_seeds_are_run_and_told_of() -> None:
    done = presage_here("simulate", "--seeds", "3", "--from", "40", "--commands", "60", "--json")
    assert done.status == 0
    assert (done.json["seeds"], done.json["first"], done.json["failed"]) == (3, 40, [])
    assert done.json["events"] > 3 * 60
