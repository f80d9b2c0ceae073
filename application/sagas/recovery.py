"""Bringing interrupted sagas to an end.

Once settlement has booked everything the markets decided, a reservation that is still pending belongs to
an order that no market took. The market is made to rule the order out, and the money goes back. Money set
aside for an amendment that never came is given back likewise.
"""

from collections.abc import Callable
from uuid import UUID, uuid5

from application.hosting.directory import Directory, LedgerOwner
from application.ports.clock import Ids
from application.processes.runner import ProcessRunner
from domain.identifiers import OrderId
from domain.ledger.commands import ReleaseReservation
from domain.ledger.state import Reservation
from domain.market.commands import AbandonPlacement
from domain.quantities import Money


class SagaRecovery:
    """Finds sagas that nobody is carrying out any more and ends them."""

    def __init__(
        self, directory: Directory, runner: ProcessRunner, ids: Ids, busy: Callable[[OrderId], bool]
    ) -> None:
        self._directory = directory
        self._runner = runner
        self._ids = ids
        self._busy = busy

    async def run(self) -> int:
        """End every saga that nobody is busy with; return how many there were."""
        suspects = [
            (ledger, order_id)
            for ledger in self._directory.ledgers
            for order_id, held in (await ledger.state()).reservations.items()
            if (held.pending or held.extra) and not self._busy(order_id)
        ]
        if not suspects:
            return 0
        await self._runner.catch_up()
        ended = 0
        for ledger, order_id in suspects:
            held = (await ledger.state()).reservations.get(order_id)
            if held is not None and not self._busy(order_id) and await self._end(ledger, order_id, held):
                ended += 1
        return ended

    async def _end(self, ledger: LedgerOwner, order_id: OrderId, held: Reservation) -> bool:
        saga_id = self._ids.new()
        if held.pending:
            if not await self._ruled_out(order_id, held, saga_id):
                return False
            now_held = (await ledger.state()).reservations.get(order_id)
            if now_held is None or not now_held.pending:
                return False
        if not held.pending and not held.extra:
            return False
        await ledger.ask(
            ReleaseReservation(order_id=order_id, extra=None if held.pending else Money(held.extra)),
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
