"""What undoes an order that came too far: its money is free again before its sender hears of the refusal."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import UUID

import pytest

from adapters.simulation.world import World
from application.ports.event_store import AppendOutcomeUnknown, Filter, StoreUnavailable
from application.processes.order_groups import bounding
from application.requests import OrderAccepted, OrderRequest
from application.sagas.order_placement import OrderPlacement, impossible, needed_for
from application.sagas.place_order import SagaState
from application.watching.sagas import SagaCounts
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.commands import ReleaseReservation, ReserveFunds
from domain.ledger.events import FundsReserved, LedgerEvent, OrderGroupAllotted
from domain.limits import AccountLimits
from domain.market.commands import PlaceOrder
from domain.market.vocabulary import Action, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Reason, Rejected
from tests.simulation.scenarios import A, fund, open_market


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    await fund(world)
    await open_market(world, "M")
    yield world
    await world.exchange.close()


async def test_an_order_that_its_market_refuses_after_all_has_its_money_back_when_that_is_told(
    world: World,
) -> None:
    # The market is still open when the order is looked at, and is no longer when its money is reserved.
    refused, _ = await asyncio.gather(
        world.place(A, "yes", "buy", 40, 10), world.exchange.operations.pause(Ticker("M"))
    )
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.MARKET_PAUSED
    account = (await world.exchange.directory.ledger(A).state()).accounts[A]
    assert (account.cash, account.reserved) == (10**9, 0)
    pages = world.log.read_all(matching=Filter(types=("FundsReserved", "ReservationReleased")))
    booked = [world.codec.decode(event) async for page in pages for event in page.events]
    assert [type(each.event).__name__ for each in booked] == ["FundsReserved", "ReservationReleased"]
    assert booked[0].cause.correlation_id == booked[1].cause.correlation_id
    assert booked[0].cause.command_id != booked[1].cause.command_id, "each step has an id of its own"


async def test_who_placed_an_order_is_told_when_its_market_decided_it(world: World) -> None:
    answer = await world.place(A, "yes", "buy", 40, 10)
    assert isinstance(answer, OrderAccepted)
    pages = world.log.read_all(matching=Filter(types=("OrderPlaced",)))
    [placed] = [world.codec.decode(event) async for page in pages for event in page.events]
    assert answer.placed_at_us == placed.cause.at_us > 0


class Streams:
    """A ledger that takes everything, and a market of which an answer is not to be had."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault
        self.counts, self.asked = SagaCounts(), list[object]()
        self.orders: list[PlaceOrder] = []
        self.steps: list[str] = []
        self.events: list[LedgerEvent] = []
        self.limits = AccountLimits(keys=12)

    def placement(self, *, key: str = "o") -> OrderPlacement:
        request = OrderRequest(
            account_id=AccountId("ann"),
            ticker=Ticker("M"),
            side=Side.YES,
            action=Action.BUY,
            quantity=Quantity(100),
        )
        return OrderPlacement(
            request,
            OrderId("o"),
            "digest",
            key=OrderId(key),
            reserved=Money(77),
            saga_id=UUID(int=1),
            directory=self,  # type: ignore[arg-type]
            funds=SimpleNamespace(ask=lambda _ledger, command, **ids: self._taken(command, **ids)),  # type: ignore[arg-type]
            counts=self.counts,
            spans=self,  # type: ignore[arg-type]
        )

    @contextmanager
    def span(self, name: str, saga_id: UUID) -> Iterator[None]:
        assert saga_id == UUID(int=1)
        self.steps.append(name)
        yield

    def ledger(self, _account: AccountId) -> SimpleNamespace:
        return SimpleNamespace(ask=self._taken)

    def market(self, _ticker: Ticker) -> SimpleNamespace:
        return SimpleNamespace(ask=self._refused)

    async def _taken(self, command: object, **_: UUID) -> SimpleNamespace:
        self.asked.append(command)
        return SimpleNamespace(rejected=None, events=self.events)

    async def _refused(self, order_at: Callable[[int], PlaceOrder], **_: UUID) -> None:
        self.orders.append(order_at(555))
        raise self._fault


async def test_an_order_of_which_nobody_knows_whether_it_was_placed_is_left_to_recovery() -> None:
    streams = Streams(AppendOutcomeUnknown("the answer was lost"))
    placement = streams.placement()
    with pytest.raises(AppendOutcomeUnknown):
        await placement.run()
    assert [type(command) for command in streams.asked] == [ReserveFunds], "its money stays where it is"
    assert (placement.state, streams.counts.ended["failed"]) == (SagaState.RESERVED, 1)


async def test_an_order_that_could_not_be_recorded_gives_its_money_back_before_that_is_told() -> None:
    streams = Streams(StoreUnavailable("no route"))
    placement = streams.placement()
    with pytest.raises(StoreUnavailable):
        await placement.run()
    assert streams.asked[1:] == [ReleaseReservation(order_id=OrderId("o"))]
    assert streams.steps == ["reserve", "place", "release"]
    assert (placement.state, streams.counts.ended) == (
        SagaState.RELEASED,
        {"placed": 0, "refused": 0, "compensated": 1, "failed": 0},
    )


@pytest.mark.parametrize(("key", "noted"), [("o", None), ("another", OrderId("another"))])
async def test_a_key_is_noted_where_the_order_s_own_id_is_not_made_from_it(
    key: str, noted: OrderId | None
) -> None:
    streams = Streams(StoreUnavailable("no route"))
    with pytest.raises(StoreUnavailable):
        await streams.placement(key=key).run()
    reserved = streams.asked[0]
    assert isinstance(reserved, ReserveFunds)
    assert (reserved.key, reserved.amount, reserved.request_digest) == (noted, 77, "digest")


async def test_what_the_ledger_allots_of_an_order_group_goes_to_the_market_with_the_order() -> None:
    streams = Streams(StoreUnavailable("no route"))
    allotted = OrderGroupAllotted(
        order_group_id="g",
        account_id=AccountId("ann"),
        ticker=Ticker("M"),
        round=1,
        version=2,
        closed_at=0,
        allowance=300,
    )
    for events in ([], [FUNDS, allotted]):
        streams.events = events
        with pytest.raises(StoreUnavailable):
            await streams.placement().run()
    without, with_it = streams.orders
    assert (without.allotment, with_it.allotment) == (None, bounding(allotted))
    assert (with_it.order_id, with_it.reserved, with_it.limits, with_it.now_us) == (
        "o",
        77,
        streams.limits,
        555,
    )


FUNDS = FundsReserved(
    order_id=OrderId("o"),
    account_id=AccountId("ann"),
    ticker=Ticker("M"),
    amount=Money(77),
    request_digest="digest",
    order_group_id="g",
)


def good_till(expires_at_us: int) -> OrderRequest:
    return OrderRequest(
        account_id=AccountId("ann"),
        ticker=Ticker("M"),
        side=Side.YES,
        action=Action.BUY,
        quantity=Quantity(100),
        price_ticks=Ticks(4_000),
        time_in_force=TimeInForce.GOOD_TILL_DATE,
        expires_at_us=expires_at_us,
    )


def test_an_order_that_has_expired_already_is_taken_by_no_market_whatever() -> None:
    assert impossible(good_till(1_001), 1_000) is None
    refused = impossible(good_till(1_000), 1_000)
    assert refused is not None
    assert refused.message == "the expiration lies in the past"


async def test_what_an_order_needs_is_asked_of_the_market_as_it_stands(world: World) -> None:
    market = await world.exchange.directory.market(Ticker("M")).state()
    never = AccountLimits()
    # A contract at 40 cents, and 7 % of 24 cents rounded up to a cent.
    assert needed_for(good_till(10**18), OrderId("o"), market, never, 1_000) == 420_000
    refused = needed_for(good_till(1_000), OrderId("o"), market, never, 1_000)
    assert isinstance(refused, Rejected)
    market.abandoned.add(OrderId("o"))
    refused = needed_for(good_till(10**18), OrderId("o"), market, never, 1_000)
    assert isinstance(refused, Rejected), "an order that was given up is never placed"
