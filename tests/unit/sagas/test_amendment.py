"""What an amendment sets aside is used by it or given back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from adapters.simulation.world import World
from application.ports.event_store import AppendOutcomeUnknown, StoreUnavailable
from application.requests import AmendRequest, OrderAccepted
from application.sagas.amendment import amend, refused_by_rules
from application.sagas.funds import Funds
from domain.identifiers import OrderId, Ticker
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Reason, Rejected
from tests.simulation.scenarios import A, B, fund, open_market


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    await fund(world)
    await open_market(world, "M")
    yield world
    assert await world.violations() == []
    await world.exchange.close()


async def held(world: World, order_id: OrderId) -> tuple[int, int, int]:
    """Return what is held for an order, for amendments of it, and of the account in all."""
    await world.exchange.settled()
    ledger = await world.exchange.directory.ledger(A).state()
    reservation = ledger.reservations[order_id]
    assert ledger.amendments == {}, "none is under way any more"
    return reservation.amount, reservation.extra, ledger.accounts[A].reserved


async def placed(world: World) -> OrderId:
    answer = await world.place(A, "yes", "buy", 40, 10)
    assert isinstance(answer, OrderAccepted)
    return OrderId(answer.order_id)


async def test_of_two_equal_amendments_at_once_the_one_that_changes_nothing_gives_its_money_back(
    world: World,
) -> None:
    order_id = await placed(world)
    amendment = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000))
    amend = world.exchange.trading.amend
    answers = await asyncio.gather(amend(amendment), amend(amendment))
    assert all(isinstance(answer, OrderAccepted) for answer in answers)
    market = await world.exchange.directory.market(Ticker("M")).state()
    reserved = market.orders[order_id].reserved
    assert await held(world, order_id) == (reserved, 0, reserved)


async def test_an_amendment_that_the_market_refuses_gives_its_money_and_its_name_back(world: World) -> None:
    order_id = await placed(world)
    before = await held(world, order_id)
    named = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000), client_order_id="second")
    # The market is still open when the amendment is looked at, and is no longer when its money is there.
    refused, _ = await asyncio.gather(
        world.exchange.trading.amend(named), world.exchange.operations.pause(Ticker("M"))
    )
    assert not isinstance(refused, OrderAccepted)
    assert await held(world, order_id) == before
    assert not await world.exchange.trading.is_called(A, order_id, "second")


async def test_an_amendment_that_could_not_be_recorded_gives_its_money_back_before_that_is_told(
    world: World,
) -> None:
    order_id = await placed(world)
    before = await held(world, order_id)
    appends = world.store.appends
    world.store.refuse = lambda: world.store.appends == appends + 2  # that of the market, after the ledger's
    amendment = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000))
    with pytest.raises(StoreUnavailable):
        await world.exchange.trading.amend(amendment)
    assert await held(world, order_id) == before


async def test_an_amendment_takes_no_more_than_what_it_needs_beyond_what_is_held(world: World) -> None:
    order_id = await placed(world)
    held_before, _, _ = await held(world, order_id)
    needed = (
        5_180_000  # ten contracts of 50 cents, and 7 % of a quarter dollar for each, rounded up to a cent
    )
    cash = (await world.exchange.directory.ledger(A).state()).accounts[A].cash
    rest = needed - held_before
    await world.exchange.operations.withdraw(A, Money(cash - rest + 1), "all but what is needed and one more")
    amendment = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000))
    refused = await world.exchange.trading.amend(amendment)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.INSUFFICIENT_FUNDS
    await world.exchange.operations.deposit(A, Money(1), "one more")
    assert isinstance(await world.exchange.trading.amend(amendment), OrderAccepted)
    assert await held(world, order_id) == (needed, 0, needed)


async def test_an_amendment_of_which_nobody_knows_whether_it_was_made_is_left_to_recovery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await placed(world)
    before = await held(world, order_id)
    market = world.exchange.directory.market(Ticker("M"))

    async def lost(*_: object, **__: object) -> None:
        raise AppendOutcomeUnknown("the answer was lost")

    amendment = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000))
    with monkeypatch.context() as patched:
        patched.setattr(market, "ask", lost)
        with pytest.raises(AppendOutcomeUnknown):
            await world.exchange.trading.amend(amendment)
    ledger = await world.exchange.directory.ledger(A).state()
    assert len(ledger.amendments) == 1, "it may have been made: its money stays where it is"
    await world.recover()
    assert await held(world, order_id) == before


async def test_an_amendment_that_needs_less_asks_no_ledger_and_one_that_ends_the_order_leaves_none(
    world: World,
) -> None:
    order_id = await placed(world)
    await world.exchange.settled()
    cheaper = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(3_000))
    answer = await world.exchange.trading.amend(cheaper)
    assert isinstance(answer, OrderAccepted)
    assert answer.order is not None
    assert (answer.order.price_ticks, answer.order.remaining) == (3_000, 1_000)
    await world.exchange.settled()
    types = [event.type async for page in world.log.read_all() for event in page.events]
    assert "ReservationIncreased" not in types
    await world.place("bob", "no", "buy", 70, 4)
    filled = AmendRequest(account_id=A, order_id=order_id, total=Quantity(400))
    answer = await world.exchange.trading.amend(filled)
    assert isinstance(answer, OrderAccepted)
    assert answer.order is None


async def test_what_is_not_the_account_s_own_cannot_be_amended(world: World) -> None:
    order_id = await placed(world)
    for account, order in ((A, OrderId("none")), (B, order_id)):
        refused = await world.exchange.trading.amend(
            AmendRequest(account_id=account, order_id=order, price_ticks=Ticks(3_000))
        )
        assert isinstance(refused, Rejected)
        assert refused.reason is Reason.ORDER_NOT_FOUND


async def test_an_order_that_ended_after_it_was_looked_for_is_not_amended(world: World) -> None:
    order_id = await placed(world)
    for account, order in ((A, OrderId("gone")), (B, order_id)):
        refused = await amend(
            AmendRequest(account_id=account, order_id=order, price_ticks=Ticks(3_000)),
            Ticker("M"),
            None,
            directory=world.exchange.directory,
            funds=Funds(world.exchange.processes),
            saga_id=UUID(int=5),
        )
        assert isinstance(refused, Rejected)
        assert refused.reason is Reason.ORDER_NOT_FOUND


class Noted:
    """Notes the steps of a saga, and of which."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []

    @contextmanager
    def span(self, name: str, saga_id: UUID) -> Iterator[None]:
        self.steps.append((name, saga_id.int))
        yield


async def test_each_step_of_an_amendment_can_be_followed_by_its_name(world: World) -> None:
    order_id = await placed(world)
    steps = []
    for number, ticks in enumerate((5_000, 4_000, 4_000), start=6):
        spans = Noted()
        answer = await amend(
            AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(ticks)),
            Ticker("M"),
            None,
            directory=world.exchange.directory,
            funds=Funds(world.exchange.processes),
            saga_id=UUID(int=number),
            spans=spans,  # type: ignore[arg-type]
        )
        assert isinstance(answer, OrderAccepted)
        steps.append(spans.steps)
        await world.exchange.settled()
    assert steps == [[("reserve", 6), ("amend", 6)], [("amend", 7)], [("amend", 8)]]


async def test_that_an_amendment_is_given_up_can_be_followed_too(world: World) -> None:
    order_id, spans = await placed(world), Noted()
    dearer = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000))
    refused, _ = await asyncio.gather(
        amend(
            dearer,
            Ticker("M"),
            None,
            directory=world.exchange.directory,
            funds=Funds(world.exchange.processes),
            saga_id=UUID(int=6),
            spans=spans,  # type: ignore[arg-type]
        ),
        world.exchange.operations.pause(Ticker("M")),
    )
    assert isinstance(refused, Rejected)
    assert spans.steps == [("reserve", 6), ("amend", 6), ("release", 6)]


async def test_an_amendment_that_only_renames_begins_in_the_ledger_and_ends_there(world: World) -> None:
    order_id = await placed(world)
    before = await held(world, order_id)
    smaller = AmendRequest(account_id=A, order_id=order_id, total=Quantity(900), client_order_id="second")
    assert isinstance(await world.exchange.trading.amend(smaller), OrderAccepted)
    amount, extra, _ = await held(world, order_id)
    assert (amount < before[0], extra) == (True, 0)
    assert await world.exchange.trading.is_called(A, order_id, "second")
    types = [event.type async for page in world.log.read_all() for event in page.events]
    assert types.count("IncreaseReleased") == 0, "the market's answer ends it, nobody gives it up"


async def test_whether_the_rules_would_take_an_amendment_is_told_without_making_it(world: World) -> None:
    order_id = await placed(world)
    market = await world.exchange.directory.market(Ticker("M")).state()
    order = market.orders[order_id]
    right = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_000))
    assert refused_by_rules(right, order, market) is None
    wrong = AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(5_001))
    assert isinstance(refused_by_rules(wrong, order, market), Rejected)
    assert order.price_ticks == 4_000
