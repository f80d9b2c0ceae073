"""Bugs that somebody could write one day, planted one at a time: the simulation finds each of them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

import domain.ledger.decide as ledger_decide
import domain.ledger.evolve as ledger_evolve
from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.running import Outcome, simulate
from adapters.simulation.shrinking import shrink
from application.listing import Listing
from application.log import guard
from application.ports.event_store import Appended, AppendOutcomeUnknown, EventStoreError, StoreUnavailable
from application.processes import settlement
from application.processes.conditions import Conditions
from application.processes.groups import Groups
from application.processes.runner import ProcessRunner
from application.sagas.recovery import SagaRecovery
from domain.fees import FeeSchedule
from domain.group.commands import AddMarket
from domain.ledger import bookings
from domain.market import policies, trading
from domain.market.commands import ActivateMarket

SEEDS = 300
"""Within how many seeds each is found."""

Patch = pytest.MonkeyPatch


async def nothing(*_arguments: object) -> int:
    return 0


def orders_that_were_interrupted_stay_so(patch: Patch) -> None:
    patch.setattr(SagaRecovery, "run", nothing)


def a_given_up_placement_is_taken_all_the_same(patch: Patch) -> None:
    rest = tuple(each for each in policies.PLACEMENT if each is not policies.order_is_new)
    patch.setattr(trading, "first_refusal", lambda c, s: policies.first_refusal(c, s, rest))


def appends_take_any_revision(patch: Patch) -> None:
    append = MemoryEventStore.append

    async def at_the_end(self: Any, stream: str, events: Sequence[Any], *, expected: int) -> Appended:
        return await append(self, stream, events, expected=len(self._streams.get(stream, [])) - 1)

    patch.setattr(MemoryEventStore, "append", at_the_end)


def a_lost_answer_counts_as_done(patch: Patch) -> None:
    append = guard.LogGuard.append

    async def trusting(self: Any, stream: str, events: Sequence[Any], *, expected: int) -> Appended:
        try:
            return await append(self, stream, events, expected=expected)
        except AppendOutcomeUnknown:
            return Appended(revision=expected + len(events), position=await self._log.head())

    patch.setattr(guard.LogGuard, "append", trusting)


def a_lost_answer_counts_as_a_refusal(patch: Patch) -> None:
    append = guard.LogGuard.append

    async def doubting(self: Any, stream: str, events: Sequence[Any], *, expected: int) -> Appended:
        try:
            return await append(self, stream, events, expected=expected)
        except AppendOutcomeUnknown as error:
            raise StoreUnavailable(str(error)) from error

    patch.setattr(guard.LogGuard, "append", doubting)


def only_one_side_of_a_trade_is_booked(patch: Patch) -> None:
    concerned = settlement.concerned
    patch.setattr(settlement, "concerned", lambda event: concerned(event)[:1])


def what_a_market_decided_is_booked_again(patch: Patch) -> None:
    book = bookings.book

    def again(command: Any, state: Any) -> Any:
        held = state.booked.pop(command.ticker, None)
        try:
            return book(command, state)
        finally:
            if held is not None:
                state.booked[command.ticker] = held

    patch.setattr(ledger_decide, "book", again)


def proceeds_of_a_conditional_market_are_not_locked(patch: Patch) -> None:
    patch.setattr(ledger_evolve, "_lock", lambda *_: None)


def half_of_what_an_order_needs_is_set_aside(patch: Patch) -> None:
    reserve = ledger_decide._reserve

    def half(command: Any, state: Any) -> Any:
        return reserve(msgspec.structs.replace(command, amount=command.amount // 2), state)

    patch.setattr(ledger_decide, "_reserve", half)


def fees_are_forgotten_where_money_is_set_aside(patch: Patch) -> None:
    patch.setattr(FeeSchedule, "worst", lambda *_: 0)


def a_canceled_orders_money_is_not_given_back(patch: Patch) -> None:
    patch.setattr(bookings._Bookkeeper, "_release", lambda *_: iter(()))


def a_booking_that_fails_is_passed_over(patch: Patch) -> None:
    async def once(_self: Any, process: Any, events: Sequence[Any]) -> None:
        try:
            if events:
                await process.handle(events)
        except EventStoreError:
            pass

    patch.setattr(ProcessRunner, "_persist", once)


def markets_do_not_hear_of_what_they_depend_on(patch: Patch) -> None:
    patch.setattr(Conditions, "handle", nothing)


def groups_do_not_tell_their_markets(patch: Patch) -> None:
    patch.setattr(Groups, "handle", nothing)


def shares_are_sold_that_nobody_has(patch: Patch) -> None:
    rest = tuple(each for each in policies.PLACEMENT if each is not policies.seller_has_the_shares)
    patch.setattr(trading, "first_refusal", lambda c, s: policies.first_refusal(c, s, rest))


def winners_are_paid_nothing(patch: Patch) -> None:
    payout = bookings._Bookkeeper._payout

    def nothing_of_it(self: Any, event: Any, revision: int) -> Any:
        return payout(self, msgspec.structs.replace(event, payout=0), revision)

    patch.setattr(bookings._Bookkeeper, "_payout", nothing_of_it)


def what_an_amendment_set_aside_is_not_given_back(patch: Patch) -> None:
    patch.setattr(ledger_decide, "_give_up_amendment", lambda *_: [])


def a_given_up_amendment_is_made_all_the_same(patch: Patch) -> None:
    patch.setattr(policies, "_given_up", lambda *_: None)


def a_group_takes_in_what_is_not_listed_yet(patch: Patch) -> None:
    create = Listing.create

    async def the_group_first(self: Any, command: Any, **more: Any) -> Any:
        if command.group_id is not None:
            group = self._directory.group(command.group_id)
            await group.ask(AddMarket(ticker=command.ticker), command_id=self._ids.new())
        return await create(self, command, **more)

    patch.setattr(Listing, "create", the_group_first)


def a_market_opens_that_its_group_refused(patch: Patch) -> None:
    tell = Groups._tell

    async def open_it(self: Any, recorded: Any, ticker: Any, command: Any, step: str) -> None:
        if step == "not taken in":
            command = ActivateMarket(member_of=command.by_group)
        await tell(self, recorded, ticker, command, step)

    patch.setattr(Groups, "_tell", open_it)


BUGS: Sequence[Callable[[Patch], None]] = (
    orders_that_were_interrupted_stay_so,
    a_given_up_placement_is_taken_all_the_same,
    appends_take_any_revision,
    a_lost_answer_counts_as_done,
    a_lost_answer_counts_as_a_refusal,
    only_one_side_of_a_trade_is_booked,
    what_a_market_decided_is_booked_again,
    proceeds_of_a_conditional_market_are_not_locked,
    half_of_what_an_order_needs_is_set_aside,
    fees_are_forgotten_where_money_is_set_aside,
    a_canceled_orders_money_is_not_given_back,
    a_booking_that_fails_is_passed_over,
    markets_do_not_hear_of_what_they_depend_on,
    groups_do_not_tell_their_markets,
    shares_are_sold_that_nobody_has,
    winners_are_paid_nothing,
    what_an_amendment_set_aside_is_not_given_back,
    a_given_up_amendment_is_made_all_the_same,
    a_group_takes_in_what_is_not_listed_yet,
    a_market_opens_that_its_group_refused,
)


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def found(commands: int, seeds: int) -> Outcome | None:
    outcomes = (simulate(seed, commands=commands) for seed in range(1, seeds + 1))
    return next((each for each in outcomes if not each.held), None)


@pytest.mark.parametrize("plant", BUGS, ids=lambda each: each.__name__)
def test_a_planted_bug_is_found_and_its_seed_goes_the_same_way_again(
    plant: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    outcome = found(400, SEEDS)
    assert outcome is not None, f"nothing was found in {SEEDS} seeds"
    again = simulate(outcome.seed, commands=400)
    assert (again.wrong, again.digest) == (outcome.wrong, outcome.digest)


def test_a_run_that_goes_wrong_is_shrunk_to_few_steps(monkeypatch: Patch) -> None:
    a_canceled_orders_money_is_not_given_back(monkeypatch)
    outcome = found(200, 10)
    assert outcome is not None
    shorter = shrink(outcome, lambda steps: simulate(outcome.seed, steps=steps), tries=60)
    assert not shorter.held
    assert len(shorter.steps) < len(outcome.steps) / 4
    assert simulate(outcome.seed, steps=shorter.steps).wrong == shorter.wrong
