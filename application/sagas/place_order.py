"""Placing an order: reserve funds, place, confirm, notify; when a step fails, give the funds back.

The saga's progress is what stands in the log, so it needs no store of its own and costs no append of its
own::

    STARTED   --reserve-->  RESERVED    FundsReserved in the ledger
    RESERVED  --place-->    PLACED      OrderPlaced in the market
    PLACED    --notify-->   NOTIFIED    the answer; the settlement process writes OrderConfirmed
    STARTED   --refused-->  REFUSED     nothing was written
    RESERVED  --refused-->  RELEASING   the market did not take the order
    RELEASING --release-->  RELEASED    ReservationReleased in the ledger

A saga that was interrupted is found in the ledger as a pending reservation, and :mod:`recovery
<application.sagas.recovery>` brings it to one of its ends.
"""

from enum import StrEnum


class SagaState(StrEnum):
    """Where the placing of an order stands."""

    STARTED = "started"
    RESERVED = "reserved"
    PLACED = "placed"
    NOTIFIED = "notified"
    RELEASING = "releasing"
    RELEASED = "released"
    REFUSED = "refused"

    @property
    def ended(self) -> bool:
        """Whether nothing remains to be done."""
        return self in _ENDS


class Outcome(StrEnum):
    """How a step went."""

    DONE = "done"
    REFUSED = "refused"


_ENDS = frozenset({SagaState.NOTIFIED, SagaState.RELEASED, SagaState.REFUSED})

TRANSITIONS: dict[tuple[SagaState, Outcome], SagaState] = {
    (SagaState.STARTED, Outcome.DONE): SagaState.RESERVED,
    (SagaState.STARTED, Outcome.REFUSED): SagaState.REFUSED,
    (SagaState.RESERVED, Outcome.DONE): SagaState.PLACED,
    (SagaState.RESERVED, Outcome.REFUSED): SagaState.RELEASING,
    (SagaState.RELEASING, Outcome.DONE): SagaState.RELEASED,
    (SagaState.PLACED, Outcome.DONE): SagaState.NOTIFIED,
}
"""Every move there is; anything else is a fault."""


def advance(state: SagaState, outcome: Outcome) -> SagaState:
    """Return where a saga stands after a step."""
    return TRANSITIONS[state, outcome]
