import asyncio
from types import SimpleNamespace

import pytest

from application.ports.event_store import Position
from application.processes.consequences import Consequences, StillUnderWay


async def test_what_follows_is_waited_for_ten_seconds_and_nobody_is_told_that_nothing_was_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited_s: list[float] = []
    timeout = asyncio.timeout

    def at_once(seconds: float) -> asyncio.Timeout:
        waited_s.append(seconds)
        return timeout(0)

    async def reach(position: Position) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "timeout", at_once)
    consequences = Consequences(SimpleNamespace(), SimpleNamespace(reach=reach))  # type: ignore[arg-type]
    with pytest.raises(StillUnderWay, match="the command was carried out"):
        await consequences.hold(Position(5), [])
    assert waited_s == [10.0]
