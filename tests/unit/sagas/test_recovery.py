"""Which interrupted sagas are ended, and which turn out to need no end."""

from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from application.health import Health, Trouble
from application.ports.codec import UnreadableEvent
from application.ports.event_store import StoreUnavailable
from application.sagas.recovery import SagaRecovery
from application.sagas.set_aside import SetAside
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.commands import GiveUpAmendment, ReleaseReservation
from domain.ledger.state import Amendment, Reservation
from domain.market.commands import AbandonAmendment, AbandonPlacement

ANN, M = AccountId("ann"), Ticker("M")
PLACED, AMENDED = OrderId("placed"), OrderId("amended")


class World:
    """A ledger with an order and an amendment under way, their market, and whoever books what it decides."""

    def __init__(self) -> None:
        self.stream, self.mine = "ledger-00", True
        self.reservations = {PLACED: Reservation(ANN, M, 500)}
        self.amendments = {"a1": Amendment(AMENDED, ANN, M)}
        self.on_the_book: set[OrderId] = set()
        self.asked: list[Any] = []
        self.ids: list[tuple[UUID, UUID]] = []
        self.reached: list[int] = []
        self.fault: Callable[[Any], Exception | None] = lambda _: None
        self.caught_up: Callable[[], None] = lambda: None
        self.booked: Callable[[], None] = lambda: None
        self.busy: Callable[[OrderId], bool] = lambda _: False
        self.health, numbers = Health(), count(1)
        self.recovery = SagaRecovery(
            SimpleNamespace(  # type: ignore[arg-type]
                ledgers=[self],
                here=lambda _: self.mine,
                market=lambda _: SimpleNamespace(ask=self.ask, state=self._book),
            ),
            SimpleNamespace(catch_up=self._catch_up, reach=self._reach),  # type: ignore[arg-type]
            SimpleNamespace(new=lambda: UUID(int=next(numbers))),
            self._busy,
            set_aside := SetAside(self.health),
        )
        self.set_aside = set_aside

    async def state(self) -> SimpleNamespace:
        return SimpleNamespace(reservations=self.reservations, amendments=self.amendments)

    async def ask(self, command: Any, *, command_id: UUID, correlation_id: UUID) -> SimpleNamespace:
        if fault := self.fault(command):
            raise fault
        self.asked.append(command)
        self.ids.append((command_id, correlation_id))
        return SimpleNamespace(position=41)

    async def _book(self) -> SimpleNamespace:
        return SimpleNamespace(orders=self.on_the_book)

    def _busy(self, order_id: OrderId) -> bool:
        return self.busy(order_id)

    async def _catch_up(self) -> None:
        self.caught_up()

    async def _reach(self, position: int) -> None:
        self.reached.append(position)
        self.booked()


RULED_OUT = AbandonPlacement(order_id=PLACED, account_id=ANN)
RELEASED = ReleaseReservation(order_id=PLACED)
UNMADE = AbandonAmendment(order_id=AMENDED, account_id=ANN, amendment_id="a1")
GIVEN_UP = GiveUpAmendment(amendment_id="a1")


async def test_the_market_rules_each_out_and_then_its_money_goes_back() -> None:
    world = World()
    assert await world.recovery.run() == world.recovery.ended == 2
    assert world.asked == [RULED_OUT, RELEASED, UNMADE, GIVEN_UP]
    assert world.reached == [41, 41], "all that the market decided before is booked first"
    assert len({command_id for command_id, _ in world.ids}) == 4, "each step has an id of its own"
    assert [correlation_id.int for _, correlation_id in world.ids] == [1, 1, 2, 2]


async def test_what_is_over_when_everything_is_booked_is_not_touched() -> None:
    world = World()

    def caught_up() -> None:
        world.reservations[PLACED].pending = False
        world.amendments.clear()

    world.caught_up = caught_up
    assert await world.recovery.run() == 0
    world.reservations.clear()
    assert await world.recovery.run() == 0
    assert world.asked == []


@pytest.mark.parametrize("gone", [True, False])
async def test_what_the_market_had_made_after_all_keeps_its_money(*, gone: bool) -> None:
    world = World()

    def booked() -> None:
        world.amendments.clear()
        if gone:
            world.reservations.clear()
        else:
            world.reservations[PLACED].pending = False

    world.booked = booked
    assert await world.recovery.run() == 0
    assert world.asked == [RULED_OUT], "the amendment is over before it is looked at"
    world = World()
    world.reservations.clear()
    world.booked = world.amendments.clear
    assert await world.recovery.run() == 0
    assert world.asked == [UNMADE]


async def test_an_order_that_is_on_the_book_is_left_there() -> None:
    world = World()
    world.on_the_book = {PLACED}
    assert await world.recovery.run() == 1
    assert world.asked == [RULED_OUT, UNMADE, GIVEN_UP]


async def test_who_is_busy_is_left_alone_before_and_after_all_is_booked() -> None:
    world = World()
    world.busy = lambda _: True
    assert await world.recovery.run() == 0
    world.busy = lambda order_id: order_id == AMENDED
    caught_up: list[bool] = []

    def now_busy() -> None:
        caught_up.append(True)
        world.busy = lambda _: True

    world.caught_up = now_busy
    assert await world.recovery.run() == 0
    assert caught_up == [True]
    assert world.asked == []


async def test_one_that_cannot_be_ended_waits_or_is_set_aside_and_the_others_are_ended() -> None:
    world = World()
    world.fault = lambda command: StoreUnavailable("away") if command == RELEASED else None
    assert await world.recovery.run() == 1
    assert world.health.conditions == []
    world.fault = lambda command: LookupError("a fault of ours") if command == RELEASED else None
    assert await world.recovery.run() == 1
    assert [each.code for each in world.health.conditions] == [Trouble.SAGA_SET_ASIDE]
    assert list(world.set_aside) == [(PLACED, ANN, M, "LookupError: a fault of ours")]
    world.fault = lambda _: None
    assert await world.recovery.run() == 2
    assert (world.health.conditions, world.recovery.ended) == ([], 4)


async def test_it_is_logged_which_order_waits_and_for_what(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.fault = lambda command: StoreUnavailable("no route") if command == GIVEN_UP else None
    assert await world.recovery.run() == 1
    assert [each.getMessage() for each in caplog.records] == [
        "the saga of order amended waits to be ended: no route"
    ]


async def test_a_log_that_cannot_be_read_is_not_written_to() -> None:
    world = World()
    world.fault = lambda _: UnreadableEvent("a newer one")
    with pytest.raises(UnreadableEvent):
        await world.recovery.run()
    assert world.asked == []


async def test_sagas_of_a_ledger_that_another_engine_owns_are_left_to_it() -> None:
    world = World()
    world.mine = False
    assert await world.recovery.run() == 0
    assert world.asked == []
