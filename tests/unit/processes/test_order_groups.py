"""What markets are told of order groups: the latest of each version, and nothing else."""

from types import SimpleNamespace
from uuid import UUID

from application.events import Cause, DomainEvent, Recorded
from application.ids import derived_id
from application.ports.event_store import Position
from application.processes.order_groups import OrderGroups, bounding
from domain.identifiers import AccountId, Ticker
from domain.ledger.events import OrderGroupAllotted
from domain.market.events import MarketClosed

ANN = AccountId("ann")


def recorded(event: DomainEvent, number: int) -> Recorded[DomainEvent]:
    cause = Cause(command_id=UUID(int=number), correlation_id=UUID(int=100 + number), at_us=1)
    return Recorded(
        event=event,
        id=UUID(int=number),
        stream="ledger-0",
        revision=number,
        position=Position(number),
        cause=cause,
    )


def allotted(group: str, ticker: str, version: int, allowance: int) -> OrderGroupAllotted:
    return OrderGroupAllotted(
        order_group_id=group,
        account_id=ANN,
        ticker=Ticker(ticker),
        round=1,
        version=version,
        closed_at=0,
        allowance=allowance,
    )


async def test_of_each_group_version_and_market_only_the_latest_is_carried_there() -> None:
    told: list[tuple[object, ...]] = []

    def market(ticker: Ticker) -> SimpleNamespace:
        async def ask(command: object, *, command_id: UUID, correlation_id: UUID, shared: bool) -> None:
            assert shared, "another instance may tell it the same"
            told.append((ticker, command, command_id, correlation_id.int))

        return SimpleNamespace(ask=ask)

    events = [
        allotted("g", "RAIN", 1, 500),
        allotted("h", "RAIN", 1, 400),
        allotted("g", "SNOW", 1, 300),
        allotted("g", "RAIN", 2, 200),
        allotted("g", "RAIN", 1, 100),
    ]
    given = [recorded(event, number) for number, event in enumerate(events)]
    await OrderGroups(SimpleNamespace(market=market)).handle(  # type: ignore[arg-type]
        [*given, recorded(MarketClosed(), 9)]
    )
    assert told == [
        (event.ticker, bounding(event), derived_id(UUID(int=number), "order group"), 100 + number)
        for number, event in ((4, events[4]), (1, events[1]), (2, events[2]), (3, events[3]))
    ]
