"""What a group's markets are told, and when."""

from types import SimpleNamespace
from uuid import UUID

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from application.processes.groups import Groups
from domain.group.commands import AddMarket
from domain.identifiers import GroupId, Ticker
from domain.market.commands import ActivateMarket
from domain.market.events import OpeningRequested
from tests.unit.event_schemas.market_examples import LIFECYCLE

CUP = GroupId("CUP")


class Directory:
    """A group of some members, and everything that was asked, in order."""

    def __init__(self, *members: str) -> None:
        self._members = members
        self.asked: list[tuple[str, object]] = []

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
            return SimpleNamespace(rejected=None)

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
