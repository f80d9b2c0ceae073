"""The whole exchange as its callers see it."""

import logging
from collections.abc import Sequence

from application.health import Health
from application.hosting.directory import Directory
from application.hosting.open_markets import OpenMarkets
from application.hosting.timekeeper import Timekeeper
from application.keys import Keys
from application.log.guard import LogGuard
from application.notices.webhooks import Webhooks
from application.operations import Operations
from application.past import Past
from application.ports.event_store import START, Position
from application.ports.measures import Measured
from application.processes.conditions import remind
from application.processes.runner import ProcessRunner
from application.quoting import Quoting
from application.sagas.recovery import SagaRecovery
from application.sagas.set_aside import SetAside
from application.shutdown import Step
from application.streams import market_stream
from application.trading import CommandHandler
from domain.identifiers import AccountId

log = logging.getLogger(__name__)


class Exchange:
    """Trading, operations, keys and the past, with the processes that keep them together.

    Start it before use and close it after; between the two, every answer it gives is durable.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        trading: CommandHandler,
        operations: Operations,
        keys: Keys,
        webhooks: Webhooks,
        quoting: Quoting,
        runner: ProcessRunner,
        recovery: SagaRecovery,
        set_aside: SetAside,
        open_markets: OpenMarkets,
        past: Past,
        guard: LogGuard,
        health: Health,
        measured: Sequence[Measured],
    ) -> None:
        self.directory = directory
        self.trading = trading
        self.operations = operations
        self.keys = keys
        self.webhooks = webhooks
        self.quoting = quoting
        self.past = past
        self.health = health
        self.processes = runner
        self.set_aside = set_aside
        self.measured = measured
        self.ready = False
        self._recovery = recovery
        self._timekeeper = Timekeeper(directory, recovery, open_markets, guard, health)
        self._open_markets = open_markets

    async def start(self) -> None:
        """Settle what is left to settle, end interrupted sagas, and open for business."""
        for ledger in self.directory.ledgers:
            await ledger.state()
        await self.keys.in_force.look()
        await self.processes.start()
        await self.processes.catch_up()
        ended = await self._recovery.run()
        if ended:
            log.info("%d interrupted orders were brought to an end", ended)
        open_markets = [
            ticker for ticker in await self._open_markets.find() if self.directory.here(market_stream(ticker))
        ]
        for ticker in open_markets:
            await self.directory.find_market(ticker)
        await remind(self.directory, open_markets)
        await self._open_markets.keep()
        self._timekeeper.start()
        self.ready = True

    async def take_over(self) -> None:
        """Have time pass for markets that have become this process's."""
        for ticker in await self._open_markets.find():
            if self.directory.here(market_stream(ticker)):
                await self.directory.find_market(ticker)

    @property
    def closing(self) -> Sequence[Step]:
        """What is to be done before the store may be closed. Doing it twice does no harm."""
        return (
            Step(name="commands", action=self._end_commands, limit_s=15),
            Step(name="processes", action=self.processes.close, limit_s=10),
            Step(name="appends", action=self.directory.drain, limit_s=15),
            Step(name="snapshots", action=self._keep, limit_s=15),
        )

    async def close(self) -> None:
        """Stop taking time and events, and finish what was begun."""
        for step in self.closing:
            await step.action()

    async def _end_commands(self) -> None:
        self.ready = False
        await self._timekeeper.close()
        await self.keys.in_force.close()
        await self.trading.close()

    async def _keep(self) -> None:
        await self.directory.close()
        await self._open_markets.keep()

    async def settled(self) -> None:
        """Wait until everything decided is booked, with all that follows from it: until nothing happens."""
        reached = START
        while (position := await self.processes.catch_up()) > reached:
            reached = position

    async def booked(self, account_id: AccountId, position: Position) -> Position:
        """Wait until an account's money is as everything decided up to a position makes it.

        Return where that stands in the log.
        """
        if position > self.processes.position:
            await self.processes.catch_up()
        return max(position, self.directory.ledger(account_id).position)
