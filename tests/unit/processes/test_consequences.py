"""Whoever decided something waits until what follows from it has been done."""

import asyncio
from types import SimpleNamespace

import pytest

from application.ports.event_store import Position
from application.processes.consequences import Consequences, StillUnderWay
from domain.identifiers import Ticker


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


class Markets:
    """Markets whose status is what a list says for each time they are looked at, and their positions."""

    def __init__(self, **markets: SimpleNamespace) -> None:
        self._markets = markets
        self.reached: list[int] = []
        self.looked: list[str] = []

    async def find_market(self, ticker: str) -> SimpleNamespace | None:
        self.looked.append(ticker)
        found = self._markets.get(ticker)
        if found is None:
            return None
        status = found.statuses.pop(0) if len(found.statuses) > 1 else found.statuses[0]
        return SimpleNamespace(ticker=ticker, status=status, condition=None, children=found.children)

    def market(self, ticker: str) -> SimpleNamespace:
        return SimpleNamespace(position=Position(self._markets[ticker].position))

    async def reach(self, position: Position) -> None:
        self.reached.append(position)


def market(*statuses: str, position: int, children: tuple[str, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(statuses=list(statuses), position=position, children=set(children))


async def test_it_holds_when_no_market_of_the_family_moved_on_while_the_processes_came_to_it() -> None:
    markets = Markets(
        P=market("closed", position=7, children=("D", "C")),
        C=market("open", "closed", position=11, children=("E",)),
        D=market("open", position=9),
        E=market("open", "open", "closed", position=8),
    )
    consequences = Consequences(markets, SimpleNamespace(reach=markets.reach))  # type: ignore[arg-type]
    asked = [Ticker("P"), Ticker("NOPE"), Ticker("P")]
    assert await consequences.hold(Position(5), asked) == 11
    assert markets.reached == [5, 11, 11, 11], "looked at until twice the same is seen"
    assert markets.looked == ["P", "D", "C", "E", "NOPE"] * 4, "each once in a round"


async def test_a_position_beyond_all_of_them_stays_what_it_was() -> None:
    markets = Markets(P=market("closed", position=7))
    consequences = Consequences(markets, SimpleNamespace(reach=markets.reach))  # type: ignore[arg-type]
    assert await consequences.hold(Position(20), [Ticker("P")]) == 20
    assert markets.reached == [20, 20]


async def test_whatever_keeps_one_from_seeing_it_is_told_as_still_under_way() -> None:
    async def reach(position: Position) -> None:
        raise LookupError(position)

    consequences = Consequences(Markets(), SimpleNamespace(reach=reach))  # type: ignore[arg-type]
    with pytest.raises(StillUnderWay):
        await consequences.hold(Position(5), [])
