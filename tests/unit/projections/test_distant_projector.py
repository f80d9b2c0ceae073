"""How late events are that another process makes visible."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from adapters.read_models import following
from adapters.read_models.following import DistantProjector
from application.health import Health
from application.ports.event_store import START, Position
from projections.running.progress import Progress
from projections.running.store import Checkpoint
from tests.unit.projections.test_progress import at


class _Clock:
    now = 0

    def now_us(self) -> int:
        return self.now


class _Reader:
    """Has rows up to a position."""

    position = START

    async def fetch(self, *_: object) -> Mapping[str, Checkpoint]:
        mark = Checkpoint(name="orders", version=1, position=self.position, events=0, at_us=0)
        return {mark.name: mark}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> tuple[DistantProjector, _Reader, _Clock]:
    monkeypatch.setattr(following, "by_name", lambda rows: rows)
    monkeypatch.setattr(following, "TROUBLE_S", float("inf"))
    reader, clock = _Reader(), _Clock()
    source = cast("Any", None)
    return DistantProjector(cast("Any", reader), Progress(), source, Health(), clock), reader, clock


async def test_what_is_shown_after_a_pause_is_as_late_as_it_was_kept_from_readers(
    parts: tuple[DistantProjector, _Reader, _Clock],
) -> None:
    projector, reader, clock = parts
    projector.take([at(1, 0), at(2, 20_000_000), at(3, 39_999_000)])
    clock.now, reader.position = 40_000_000, Position(3)
    await projector.look()
    behind_s = projector.stats.behind_s
    assert (behind_s.observations, behind_s.counts[-1], behind_s.at_most(0.001)) == (3, 1, 1)


async def test_rows_that_were_first_are_seen_once_this_process_has_the_event(
    parts: tuple[DistantProjector, _Reader, _Clock],
) -> None:
    projector, reader, clock = parts
    reader.position = Position(1)
    await projector.look()
    clock.now = 4_000
    projector.take([at(1, 0)])
    behind_s = projector.stats.behind_s
    assert (behind_s.observations, behind_s.at_most(0.005), behind_s.at_most(0.002_5)) == (1, 1, 0)
