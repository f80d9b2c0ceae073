"""Where an engine of several answers: requests, and the commands of other engines for the streams it owns."""

from collections.abc import Callable

from starlette.types import ASGIApp

from adapters.engine_lines.messages import Answer, Forwarded, NotMine, Question, Report
from adapters.http.desk import HttpDesk
from adapters.http.port import HttpPort
from application.cluster.placement import Placement
from application.cluster.wire import Ask, NotUnderstood, command_in, fault_of, reply_of
from application.hosting.directory import Directory
from application.ports.event_store import Position


class NoProcesses:
    """HTTP processes that are not this engine's: each API has figures of its own."""

    def reported(self, report: Report) -> None:
        """Take no note."""

    def gone(self, worker: int) -> None:
        """Take no note."""

    async def shown(self, position: Position) -> None:
        """Leave it to the API that has asked."""


class ClusterDesk(HttpDesk):
    """Answers what is this engine's to answer, and sends others away."""

    def __init__(
        self,
        port: HttpPort,
        directory: Directory,
        placement: Placement,
        around: Callable[[ASGIApp, str], ASGIApp],
    ) -> None:
        super().__init__(port, NoProcesses(), around)
        self.handing_over = False
        """Whether what is about to go is refused already."""
        self._directory = directory
        self._placement = placement

    async def answer(self, question: Question) -> Answer:
        """Return the answer to a question."""
        if isinstance(question, Ask):
            # What processes ask is taken to the last: they may wait for one another.
            takes = self._placement.here if question.shared else self._takes
            return await self._decided(question) if takes(question.stream) else NotMine()
        if isinstance(question, Forwarded) and question.owned and not self._takes(question.owned):
            return NotMine()
        return await super().answer(question)

    def _takes(self, stream: str) -> bool:
        placement = self._placement
        return placement.stays(stream) if self.handing_over else placement.here(stream)

    async def _decided(self, question: Ask) -> Answer:
        owner = self._directory.owner_of(question.stream)
        if owner is None:
            return fault_of(NotUnderstood(f"there is no stream {question.stream}"))
        try:
            command = command_in(question)
            decision = await owner.ask(
                command,  # type: ignore[arg-type]  # it was read as one for this kind of stream
                command_id=question.command_id,
                correlation_id=question.correlation_id,
                shared=question.shared,
            )
        except Exception as error:  # noqa: BLE001  # whoever asked hears of it
            return fault_of(error)
        return reply_of(decision)  # type: ignore[arg-type]
