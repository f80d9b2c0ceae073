"""Asking ledgers for money, so that nobody is told of too little while more is on its way."""

from uuid import UUID

from application.hosting.decision import Decision
from application.hosting.directory import LedgerOwner
from application.processes.runner import ProcessRunner
from domain.ledger.commands import LedgerCommand
from domain.ledger.events import LedgerEvent
from domain.rejections import Reason

FREED_BY_BOOKING = frozenset({Reason.INSUFFICIENT_FUNDS, Reason.TOO_MANY_OPEN_ORDERS})


class Funds:
    """Asks ledgers for money.

    What markets have decided is booked a moment later. Whoever was told that an order was canceled, has
    lapsed or has filled may use what that set free: before a ledger's refusal for want of money, or for too
    many open orders, counts, all that was decided by then is booked.
    """

    def __init__(self, runner: ProcessRunner) -> None:
        self._runner = runner

    async def ask(
        self,
        ledger: LedgerOwner,
        command: LedgerCommand,
        *,
        command_id: UUID,
        correlation_id: UUID | None = None,
    ) -> Decision[LedgerEvent]:
        """Have a ledger decide a command that takes money."""
        decision = await ledger.ask(command, command_id=command_id, correlation_id=correlation_id)
        if decision.rejected is not None and decision.rejected.reason in FREED_BY_BOOKING:
            await self.booked()
            decision = await ledger.ask(command, command_id=command_id, correlation_id=correlation_id)
        return decision

    async def booked(self) -> None:
        """Wait until everything that has been decided by now is booked."""
        await self._runner.catch_up()
