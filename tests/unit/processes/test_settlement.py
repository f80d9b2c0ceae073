"""The process that books what markets decided, by itself."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import SimpleNamespace
from uuid import UUID

import pytest

from application.events import Cause, Recorded
from application.ports.event_store import Position, StoreUnavailable
from application.processes.settlement import Settlement
from application.turns import AT_ONCE, in_turns
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.commands import BookMarketEvents
from domain.market.events import ConditionMet, MarketEvent, OrderCanceled
from domain.market.vocabulary import EndReason
from domain.quantities import Quantity


class Ledger:
    """Books nothing until it is let, and then perhaps fails."""

    def __init__(self, fault: Exception | None) -> None:
        self._fault = fault
        self.stream = f"ledger-{id(self)}"
        self.may = asyncio.Event()
        self.booked = False
        self.commands: list[BookMarketEvents] = []
        self.known: dict[str, int] = {}

    async def state(self) -> SimpleNamespace:
        return SimpleNamespace(booked=self.known)

    async def ask(self, command: BookMarketEvents, *, shared: bool, **_: object) -> None:
        assert shared, "another instance may book the same"
        await self.may.wait()
        if self._fault:
            raise self._fault
        self.booked = True
        self.commands.append(command)


def canceled(number: int, account: str | None = None) -> Recorded[MarketEvent]:
    event = OrderCanceled(
        order_id=OrderId(f"o{number}"),
        account_id=AccountId(str(number) if account is None else account),
        quantity=Quantity(100),
        reason=EndReason.REQUESTED,
    )
    return recorded(event, number)


def recorded(event: MarketEvent, number: int) -> Recorded[MarketEvent]:
    cause = Cause(command_id=UUID(int=number), correlation_id=UUID(int=number), at_us=1)
    return Recorded(
        event=event,
        id=UUID(int=number),
        stream="market-M",
        revision=number,
        position=Position(number),
        cause=cause,
    )


def directory_of(
    ledgers: "list[Ledger]", partition_of: Callable[[str], int] = int, elsewhere: "Sequence[Ledger]" = ()
) -> SimpleNamespace:
    away = [each.stream for each in elsewhere]
    return SimpleNamespace(
        ledgers=ledgers,
        partitions=len(ledgers),
        partition_of=partition_of,
        here=lambda stream: stream not in away,
    )


async def test_nothing_is_under_way_any_more_when_a_booking_has_failed() -> None:
    ledgers = [Ledger(StoreUnavailable("away")), Ledger(None)]
    directory = directory_of(ledgers)
    handled = asyncio.ensure_future(Settlement(directory).handle([canceled(0), canceled(1)]))  # type: ignore[arg-type]
    ledgers[0].may.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not handled.done()
    ledgers[1].may.set()
    with pytest.raises(StoreUnavailable):
        await handled
    assert ledgers[1].booked


async def test_of_two_faults_the_first_is_told() -> None:
    ledgers = [Ledger(StoreUnavailable("away")), Ledger(LookupError("lost"))]
    for ledger in ledgers:
        ledger.may.set()
    directory = directory_of(ledgers)
    with pytest.raises(StoreUnavailable):
        await Settlement(directory).handle([canceled(0), canceled(1)])  # type: ignore[arg-type]


async def test_of_a_market_that_a_ledger_knows_nothing_of_all_is_booked_from_its_very_first_event() -> None:
    [ledger] = open_ledgers(1)
    directory = directory_of([ledger], lambda _: 0)
    await Settlement(directory).handle([canceled(number, "ann") for number in range(3)])  # type: ignore[arg-type]
    assert [entry.revision for command in ledger.commands for entry in command.entries] == [0, 1, 2]


MET = ConditionMet(parent=Ticker("P"))


def open_ledgers(count: int) -> list[Ledger]:
    ledgers = [Ledger(None) for _ in range(count)]
    for ledger in ledgers:
        ledger.may.set()
    return ledgers


async def test_what_is_due_is_booked_three_hundred_at_once_and_nothing_twice() -> None:
    [ledger] = open_ledgers(1)
    ledger.known = {"M": 9}
    directory = directory_of([ledger], lambda _: 0)
    await Settlement(directory).handle([canceled(number, "ann") for number in range(711)])  # type: ignore[arg-type]
    assert [len(command.entries) for command in ledger.commands] == [300, 300, 101]
    assert [entry.revision for command in ledger.commands for entry in command.entries] == list(
        range(10, 711)
    )


async def test_a_condition_that_is_met_is_news_for_every_ledger() -> None:
    ledgers = open_ledgers(3)
    directory = directory_of(ledgers)
    await Settlement(directory).handle([recorded(MET, 4)])  # type: ignore[arg-type]
    for ledger in ledgers:
        [command] = ledger.commands
        [entry] = command.entries
        assert (command.ticker, entry.revision, entry.event, entry.accounts) == (
            "M",
            4,
            MET,
            frozenset(),
        )


async def test_others_have_their_turn_while_very_many_events_are_looked_through() -> None:
    looked: list[str] = []

    def partition_of(account: str) -> int:
        looked.append(account)
        return 0

    seen: list[int] = []

    async def watch() -> None:
        while True:
            seen.append(len(looked))
            await asyncio.sleep(0)

    ledger = Ledger(None)
    ledger.may.set()
    directory = directory_of([ledger], partition_of)
    watching = asyncio.create_task(watch())
    await Settlement(directory).handle([canceled(number) for number in range(5 * AT_ONCE)])  # type: ignore[arg-type]
    watching.cancel()
    assert looked == [str(number) for number in range(5 * AT_ONCE)]
    assert max(after - before for before, after in pairwise(seen)) == AT_ONCE
    assert ledger.booked


@pytest.mark.parametrize("length", [0, 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
async def test_what_is_gone_through_in_turns_is_all_of_it_in_order(length: int) -> None:
    assert [each async for each in in_turns(range(length))] == list(range(length))


async def test_ledgers_of_other_engines_are_left_to_them() -> None:
    ledgers = open_ledgers(3)
    directory = directory_of(ledgers, elsewhere=ledgers[:1])
    await Settlement(directory).handle([canceled(0), canceled(1), recorded(MET, 4)])  # type: ignore[arg-type]
    assert [len(ledger.commands) for ledger in ledgers] == [0, 1, 1]
