"""Which projections stand still, and when each tries again."""

from types import SimpleNamespace

import pytest

from application.health import Health, Trouble
from projections.running import halts as module
from projections.running.halts import PAUSES_S, Halts
from tests.unit.projections.noting import Money, Noting

NOTING, MONEY = Noting(), Money()


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now_s))
        self.told: dict[str, str] = {}
        self.health = Health()
        self.halts = Halts(self.told, self.health)

    def due_after(self, pause_s: float) -> bool:
        """Return whether ``money`` is due after just this pause and not before."""
        early = self.halts.due(self.now_s + pause_s - 0.01)
        return not early and self.halts.due(self.now_s + pause_s) == ["money"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_who_stands_still_says_why_and_is_due_after_a_pause_that_grows_to_a_minute(world: World) -> None:
    assert PAUSES_S == (1.0, 60.0)
    for pause_s in (1, 2, 4, 8, 16, 32, 60, 60):
        world.halts.stop(MONEY, "poison")
        assert world.due_after(pause_s)
        assert (world.halts.has(MONEY), world.halts.why(MONEY)) == (True, "poison")
        assert world.halts.begin(MONEY) == "poison"
        assert (world.halts.has(MONEY), world.halts.why(MONEY)) == (False, "")
        assert world.halts.due(1e9) == []
    [condition] = world.health.conditions
    assert (condition.part, condition.code) == ("projection money", Trouble.PROJECTION_HALTED)
    assert "(poison)" in condition.message
    assert "`presage rebuild money`" in condition.message


def test_who_goes_on_with_the_others_is_well_and_begins_with_the_shortest_pause_again(world: World) -> None:
    for _ in range(3):
        world.halts.stop(MONEY, "poison")
    world.halts.stop(NOTING, "another")
    world.halts.release(MONEY)
    assert [each.part for each in world.health.conditions] == ["projection noting"]
    assert (world.halts.has(MONEY), world.halts.has(NOTING)) == (False, True)
    world.halts.release(NOTING)
    assert world.health.conditions == []
    world.halts.stop(MONEY, "poison")
    assert world.due_after(1)


def test_who_never_stood_still_has_nothing_to_be_well_of(world: World) -> None:
    world.health.report("projection money", Trouble.PROJECTION_HALTED, "of another process")
    world.halts.release(MONEY)
    assert len(world.health.conditions) == 1


def test_who_is_kept_apart_is_due_at_once(world: World) -> None:
    world.halts.stop(MONEY, "poison")
    world.halts.begin(MONEY)
    world.halts.keep_apart(MONEY, "poison")
    assert world.halts.has(MONEY)
    assert world.halts.due(0.0) == ["money"]


def test_all_may_try_again_from_the_start_and_their_pauses_go_on_growing(world: World) -> None:
    for _ in range(2):
        world.halts.stop(MONEY, "poison")
    world.halts.forget()
    assert not world.halts.has(MONEY)
    world.halts.stop(MONEY, "poison")
    assert world.due_after(4)
