"""Bringing interrupted sagas to an end.

Once settlement has booked everything the markets decided, a reservation that is still pending belongs to
an order that no market took, and an amendment that is still under way to one that no market made. The market
is made to rule it out, and the money goes back. A saga that cannot be ended is set aside, and the others are.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid5

from application.hosting.directory import Directory, LedgerOwner
from application.hosting.owner import Overloaded
from application.ports.clock import Ids
from application.ports.codec import UnreadableEvent
from application.ports.event_store import EventStoreError
from application.processes.runner import ProcessRunner
from application.sagas.set_aside import SetAside
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.commands import GiveUpAmendment, ReleaseReservation
from domain.ledger.state import Amendment, Reservation
from domain.market.commands import AbandonAmendment, AbandonPlacement

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A saga that nobody may be carrying out any more. ``end`` says whether there was something to end."""

    account_id: AccountId
    ticker: Ticker
    order_id: OrderId
    end: Callable[[], Awaitable[bool]]


class SagaRecovery:
    """Finds sagas that nobody is carrying out any more and ends them."""

    def __init__(
        self,
        directory: Directory,
        runner: ProcessRunner,
        ids: Ids,
        busy: Callable[[OrderId], bool],
        set_aside: SetAside,
    ) -> None:
        self.ended = 0
        self._directory = directory
        self._runner = runner
        self._ids = ids
        self._busy = busy
        self._set_aside = set_aside

    async def run(self) -> int:
        """End every saga that nobody is busy with; return how many there were."""
        suspects = [suspect async for suspect in self._suspects() if not self._busy(suspect.order_id)]
        if not suspects:
            return 0
        await self._runner.catch_up()
        ended = 0
        for suspect in suspects:
            if not self._busy(suspect.order_id):
                ended += await self._ended(suspect)
        self.ended += ended
        return ended

    async def _suspects(self) -> AsyncIterator[_Suspect]:
        for ledger in self._directory.ledgers:
            if not self._directory.here(ledger.stream):
                continue  # its engine ends them
            state = await ledger.state()
            for order_id, held in list(state.reservations.items()):
                if held.pending:
                    end = partial(self._end_placement, ledger, order_id)
                    yield _Suspect(held.account_id, held.ticker, order_id, end)
            for amendment_id, begun in list(state.amendments.items()):
                end = partial(self._end_amendment, ledger, amendment_id)
                yield _Suspect(begun.account_id, begun.ticker, begun.order_id, end)

    async def _ended(self, suspect: _Suspect) -> bool:
        whose = suspect.account_id, suspect.ticker, suspect.order_id
        try:
            ended = await suspect.end()
        except (EventStoreError, Overloaded) as error:
            log.warning("the saga of order %s waits to be ended: %s", suspect.order_id, error)
            return False
        except UnreadableEvent:
            raise  # the log is not ours to write
        except Exception as fault:  # noqa: BLE001  # one bad saga must not keep everybody else from trading
            self._set_aside.add(*whose, fault)
            return False
        self._set_aside.ended(*whose)
        return ended

    async def _end_placement(self, ledger: LedgerOwner, order_id: OrderId) -> bool:
        held = (await ledger.state()).reservations.get(order_id)
        if held is None or not held.pending:
            return False
        saga_id = self._ids.new()
        if not await self._ruled_out(order_id, held, saga_id):
            return False
        held = (await ledger.state()).reservations.get(order_id)
        if held is None or not held.pending:
            return False
        await ledger.ask(
            ReleaseReservation(order_id=order_id),
            command_id=uuid5(saga_id, "release"),
            correlation_id=saga_id,
        )
        return True

    async def _ruled_out(self, order_id: OrderId, held: Reservation, saga_id: UUID) -> bool:
        market = self._directory.market(held.ticker)
        decision = await market.ask(
            AbandonPlacement(order_id=order_id, account_id=held.account_id),
            command_id=saga_id,
            correlation_id=saga_id,
        )
        # An append that was held up until now may have placed the order, and it may have filled and gone.
        # The ledger knows once it has booked all that the market decided before it ruled the order out.
        await self._runner.reach(decision.position)
        return order_id not in (await market.state()).orders

    async def _end_amendment(self, ledger: LedgerOwner, amendment_id: str) -> bool:
        begun = (await ledger.state()).amendments.get(amendment_id)
        if begun is None:
            return False
        saga_id = self._ids.new()
        await self._rule_out_amendment(amendment_id, begun, saga_id)
        if amendment_id not in (await ledger.state()).amendments:
            return False  # it had been made, and now that is booked
        await ledger.ask(
            GiveUpAmendment(amendment_id=amendment_id),
            command_id=uuid5(saga_id, "release"),
            correlation_id=saga_id,
        )
        return True

    async def _rule_out_amendment(self, amendment_id: str, begun: Amendment, saga_id: UUID) -> None:
        decision = await self._directory.market(begun.ticker).ask(
            AbandonAmendment(order_id=begun.order_id, account_id=begun.account_id, amendment_id=amendment_id),
            command_id=saga_id,
            correlation_id=saga_id,
        )
        await self._runner.reach(decision.position)
