"""What a group's markets are told, and when."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from application.processes.groups import Groups
from domain.group.commands import AddMarket
from domain.group.events import GroupDetermined, GroupDisputed, GroupFinalized, GroupVoided
from domain.identifiers import GroupId, Ticker
from domain.market.commands import (
    ActivateMarket,
    CloseMarket,
    DetermineMarket,
    DisputeMarket,
    FinalizeMarket,
    VoidMarket,
)
from domain.market.events import OpeningRequested
from domain.market.vocabulary import Result
from domain.quantities import Ticks
from domain.rejections import Reason, Rejected
from tests.unit.event_schemas.market_examples import LIFECYCLE

CUP = GroupId("CUP")


class Directory:
    """A group of some members, and everything that was asked, in order."""

    def __init__(self, *members: str) -> None:
        self._members = members
        self.asked: list[tuple[str, object]] = []
        self.refused: Rejected | None = None

    async def present_group(self, group_id: str) -> SimpleNamespace | None:
        return SimpleNamespace(members=self._members) if group_id == CUP and self._members else None

    def market(self, ticker: str) -> SimpleNamespace:
        async def state_after(revision: int) -> None:
            self.asked.append((ticker, revision))

        return SimpleNamespace(ask=self._asking(ticker), state_after=state_after)

    def group(self, group_id: str) -> SimpleNamespace:
        return SimpleNamespace(ask=self._asking(group_id))

    def _asking(self, whom: str) -> object:
        async def ask(command: object, *, shared: bool, **_: object) -> SimpleNamespace:
            assert shared, "another instance may ask the same"
            self.asked.append((whom, command(77) if callable(command) else command))
            return SimpleNamespace(rejected=self.refused)

        return ask


async def handle(directory: Directory, event: DomainEvent, stream: str) -> None:
    cause = Cause(command_id=UUID(int=1), correlation_id=UUID(int=2), at_us=1)
    recorded = Recorded(
        event=event, id=UUID(int=3), stream=stream, revision=5, position=Position(9), cause=cause
    )
    await Groups(directory).handle([recorded])  # type: ignore[arg-type]


async def test_a_member_that_asks_is_opened_and_nobody_else() -> None:
    for members in ((), ("CUP-AUT",)):
        directory = Directory(*members)
        await handle(directory, OpeningRequested(group_id=CUP), "market-CUP-ITA")
        assert directory.asked == []
    directory = Directory("CUP-AUT", "CUP-ITA")
    await handle(directory, OpeningRequested(group_id=CUP), "market-CUP-ITA")
    assert directory.asked == [("CUP-ITA", ActivateMarket(member_of=CUP, now_us=77))]


async def test_a_market_is_taken_in_once_this_process_knows_it_too() -> None:
    listed = LIFECYCLE["MarketCreated"]
    proposed = type(listed)(
        **{name: getattr(listed, name) for name in listed.__struct_fields__} | {"group_id": CUP}
    )
    directory = Directory("CUP-AUT")
    await handle(directory, proposed, f"market-{proposed.ticker}")
    assert directory.asked == [(proposed.ticker, 5), (CUP, AddMarket(ticker=Ticker(proposed.ticker)))]


async def test_a_market_of_no_group_is_proposed_to_none() -> None:
    listed = LIFECYCLE["MarketCreated"]
    alone = type(listed)(
        **{name: getattr(listed, name) for name in listed.__struct_fields__} | {"group_id": None}
    )
    directory = Directory("CUP-AUT")
    await handle(directory, alone, f"market-{alone.ticker}")
    assert directory.asked == []


async def test_a_market_that_its_group_cannot_take_any_more_is_over_and_says_why() -> None:
    listed = LIFECYCLE["MarketCreated"]
    proposed = type(listed)(
        **{name: getattr(listed, name) for name in listed.__struct_fields__} | {"group_id": CUP}
    )
    directory = Directory("CUP-AUT")
    directory.refused = Rejected(Reason.GROUP_RESOLVES_ITS_MARKETS, "the group has ended")
    await handle(directory, proposed, f"market-{proposed.ticker}")
    assert directory.asked[2:] == [(proposed.ticker, VoidMarket(by_group=CUP, reason="the group has ended"))]


AUT, ITA, SUI = Ticker("CUP-AUT"), Ticker("CUP-ITA"), Ticker("CUP-SUI")


def determined(ticker: Ticker, result: Result) -> list[tuple[str, object]]:
    return [
        (ticker, CloseMarket(by_group=CUP)),
        (ticker, DetermineMarket(result=result, evidence="the final", by_group=CUP)),
    ]


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        (
            GroupDetermined(winner=ITA, members=(AUT, ITA), evidence="the final"),
            determined(AUT, Result.NO) + determined(ITA, Result.YES),
        ),
        (
            GroupDisputed(members=(AUT, ITA), reason="a foul"),
            [(each, DisputeMarket(reason="a foul", by_group=CUP)) for each in (AUT, ITA)],
        ),
        (
            GroupFinalized(winner=ITA, members=(AUT, ITA)),
            [(each, FinalizeMarket(by_group=CUP)) for each in (AUT, ITA)],
        ),
        *(
            (
                GroupVoided(members=members, reason="no final"),
                [
                    (each, VoidMarket(yes_price_ticks=Ticks(ticks), reason="no final", by_group=CUP))
                    for each in members
                ],
            )
            for members, ticks in (((), 0), ((AUT,), 10_000), ((AUT, ITA), 5_000), ((AUT, ITA, SUI), 3_333))
        ),
    ],
    ids=str,
)
async def test_what_a_group_decides_is_told_to_each_member_in_turn(
    event: DomainEvent, asked: list[tuple[str, object]]
) -> None:
    directory = Directory("CUP-AUT", "CUP-ITA")
    await handle(directory, event, "group-CUP")
    assert directory.asked == asked
