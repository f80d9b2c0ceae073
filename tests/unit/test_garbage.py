"""New objects are looked through while they are few, and left alone while they are many."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from adapters.garbage import CHEAP, collect_in_calm, collect_seldom


class _Knot:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    collect_seldom()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def _knots(count: int) -> "weakref.ref[_Knot]":
    knots = [_Knot() for _ in range(count)]
    return weakref.ref(knots[0])


def _look_once() -> None:
    async def look() -> None:
        collect_in_calm(asyncio.get_running_loop())

    asyncio.run(look())


def test_few_new_objects_are_looked_through() -> None:
    knot = _knots(CHEAP // 4)
    assert knot() is not None
    _look_once()
    assert knot() is None


def test_many_new_objects_are_left_alone() -> None:
    kept = [[number] for number in range(2 * CHEAP)]
    knot = _knots(1)
    _look_once()
    assert knot() is not None
    assert len(kept) == 2 * CHEAP


def test_it_goes_on_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.garbage.CALM_S", 0.0)

    async def wait_for_it() -> None:
        collect_in_calm(asyncio.get_running_loop())
        knot = _knots(CHEAP // 4)
        for _ in range(100):
            if knot() is None:
                return
            await asyncio.sleep(0)
        pytest.fail("nobody looked")

    asyncio.run(wait_for_it())
