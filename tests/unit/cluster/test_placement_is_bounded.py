"""Whoever asks for every name there could be fills no memory of those that place streams."""

import pytest

from application.cluster import placement
from application.cluster.placement import _Rings
from domain.cluster import ClusterState, EngineJoined, evolve


def test_of_streams_that_were_placed_a_bounded_number_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "_REMEMBERED", 50)
    state = ClusterState()
    for engine in ("one", "two"):
        evolve(state, EngineJoined(engine=engine))
    rings = _Rings(state)
    for number in range(500):
        assert rings.owner(f"market-{number}") == rings._owner(placement._key(f"market-{number}"))
        assert len(rings._owners) <= 50
