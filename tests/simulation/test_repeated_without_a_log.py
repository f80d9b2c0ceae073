"""What may have been done before is not said to have come to nothing while the log cannot be read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    NewEvent,
    RecordedEvent,
    StoreUnavailable,
)
from application.requests import AmendRequest, OrderAccepted
from domain.identifiers import AccountId, Ticker
from domain.market.commands import CreateMarket
from domain.quantities import Money, Quantity

ANN = AccountId("ann")
Request = Callable[[World], Awaitable[object]]


class AwayStore(FailingStore):
    """A store that nobody can reach while it is away."""

    away = False

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        self._reached()
        return await super().append(stream, events, expected=expected)

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        self._reached()
        pages = super().read_stream(stream, from_revision=from_revision, backwards=backwards, limit=limit)
        async for page in pages:
            yield page

    def _reached(self) -> None:
        if self.away:
            raise StoreUnavailable("away")


async def order(world: World) -> object:
    return await world.place(ANN, "yes", "buy", 40, 1, client_order_id="mine")


async def amendment(world: World) -> object:
    request = AmendRequest(
        account_id=ANN, order_id=world.acknowledged[0], total=Quantity(50), client_order_id="new"
    )
    return await world.exchange.trading.amend(request)


async def deposit(world: World) -> object:
    return await world.exchange.operations.deposit(ANN, Money(10), "mine")


async def withdrawal(world: World) -> object:
    return await world.exchange.operations.withdraw(ANN, Money(10), "mine")


async def fees(world: World) -> object:
    return await world.exchange.operations.withdraw_fees(Money(1), "mine")


async def nameless(world: World) -> object:
    return await world.place(ANN, "yes", "buy", 40, 1)


async def opened_with_nothing_in_memory(made: Request) -> World:
    """Return an exchange where a request was made once, and of which nothing is known by heart any more."""
    world = World(store_type=AwayStore)
    await world.start()
    operations = world.exchange.operations
    await operations.deposit(ANN, Money(10**9), "first")
    await operations.create_market(CreateMarket(ticker=Ticker("M"), title="M"))
    await operations.activate(Ticker("M"))
    assert isinstance(await world.place(ANN, "yes", "buy", 30, 1), OrderAccepted)
    await made(world)
    await world.exchange.settled()
    await world.exchange.close()
    await world.start()
    return world


def away(world: World, *, is_away: bool) -> None:
    assert isinstance(world.store, AwayStore)
    world.store.away = is_away
    for owner in (*world.exchange.directory.ledgers, *world.exchange.directory.markets.values()):
        owner._known.forget()  # as a failed append leaves it


@pytest.mark.parametrize("request_", [order, amendment, deposit, withdrawal, fees])
async def test_nobody_knows_what_became_of_it(request_: Request) -> None:
    world = await opened_with_nothing_in_memory(request_)
    away(world, is_away=True)
    with pytest.raises(AppendOutcomeUnknown):
        await request_(world)
    away(world, is_away=False)
    await request_(world)
    assert await world.violations() == []
    await world.exchange.close()


async def test_nothing_was_done_for_what_nobody_can_have_sent_before() -> None:
    world = await opened_with_nothing_in_memory(nameless)
    away(world, is_away=True)
    with pytest.raises(StoreUnavailable):
        await nameless(world)
    await world.exchange.close()
