"""Placing an order: reserve funds, place, confirm, notify; when a step fails, give the funds back.

The saga's progress is what stands in the log, so it needs no store of its own and costs no append of its
own::

    STARTED     --reserve-->  RESERVED     FundsReserved in the ledger
    RESERVED    --place-->    PLACED       OrderPlaced in the market: the caller has its answer
    PLACED      --take up-->  NOTIFYING    the order's notice waits, on disk; settlement writes OrderConfirmed
    NOTIFYING   --notify-->   NOTIFIED     whoever is to know knows
    NOTIFYING   --failed-->   NOTIFYING    not taken; it is sent again later
    NOTIFYING   --given up--> UNDELIVERED  NoticeUndelivered in the account's webhooks
    UNDELIVERED --retry-->    NOTIFYING    NoticeRetried: the account's owner asked for it
    STARTED     --refused-->  REFUSED      nothing was written
    RESERVED    --refused-->  RELEASING    the market did not take the order
    RELEASING   --release-->  RELEASED     ReservationReleased in the ledger

The first half is carried out by :mod:`order_placement <application.sagas.order_placement>` while the caller
waits; a saga that was interrupted in it is found in the ledger as a pending reservation, and :mod:`recovery
<application.sagas.recovery>` brings it to one of its ends. From ``PLACED`` on :mod:`application.notices` goes
on, from the log: nothing there leads back, so no notice that fails can undo an order. A webhook has a notice
of its own; without any, an order is ``NOTIFIED`` with the line that every order has.
"""

from enum import StrEnum


class SagaState(StrEnum):
    """Where the placing of an order stands."""

    STARTED = "started"
    RESERVED = "reserved"
    PLACED = "placed"
    NOTIFYING = "notifying"
    NOTIFIED = "notified"
    UNDELIVERED = "undelivered"
    RELEASING = "releasing"
    RELEASED = "released"
    REFUSED = "refused"

    @property
    def answered(self) -> bool:
        """Whether whoever placed the order can be told what became of it."""
        return self in _ANSWERS


class Outcome(StrEnum):
    """How a step went."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    GIVEN_UP = "given up"
    RETRIED = "retried"


_ANSWERS = frozenset({SagaState.PLACED, SagaState.RELEASED, SagaState.REFUSED})

TRANSITIONS: dict[tuple[SagaState, Outcome], SagaState] = {
    (SagaState.STARTED, Outcome.DONE): SagaState.RESERVED,
    (SagaState.STARTED, Outcome.REFUSED): SagaState.REFUSED,
    (SagaState.RESERVED, Outcome.DONE): SagaState.PLACED,
    (SagaState.RESERVED, Outcome.REFUSED): SagaState.RELEASING,
    (SagaState.RELEASING, Outcome.DONE): SagaState.RELEASED,
    (SagaState.PLACED, Outcome.DONE): SagaState.NOTIFYING,
    (SagaState.NOTIFYING, Outcome.DONE): SagaState.NOTIFIED,
    (SagaState.NOTIFYING, Outcome.FAILED): SagaState.NOTIFYING,
    (SagaState.NOTIFYING, Outcome.GIVEN_UP): SagaState.UNDELIVERED,
    (SagaState.UNDELIVERED, Outcome.RETRIED): SagaState.NOTIFYING,
}
"""Every move there is; anything else is a fault."""

STEPS: dict[SagaState, str] = {
    SagaState.STARTED: "reserve",
    SagaState.RESERVED: "place",
    SagaState.PLACED: "take up",
    SagaState.NOTIFYING: "notify",
    SagaState.UNDELIVERED: "ask for it",
    SagaState.RELEASING: "release",
}
"""What is done in each state that is not an end."""


def advance(state: SagaState, outcome: Outcome) -> SagaState:
    """Return where a saga stands after a step."""
    return TRANSITIONS[state, outcome]
