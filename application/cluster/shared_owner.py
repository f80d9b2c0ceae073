"""The owner of a stream that may be in another process: whoever asks need not know where.

What is decided is decided by the engine that owns the stream. Elsewhere the state is only read: what is in
memory there may be behind, as it may be wherever two processes have one log, and is read on whenever somebody
has to know.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar, cast
from uuid import UUID

from application.cluster.placement import OwnerAway
from application.cluster.wire import Ask, command_out
from application.events import DomainEvent
from application.hosting.decision import Decision
from application.hosting.letter import LOOKING
from application.hosting.owner import StreamOwner
from application.ports.event_store import AppendOutcomeUnknown
from domain.messages import Message
from domain.rejections import Rejected

State = TypeVar("State")
Command = TypeVar("Command", bound=Message)
Event = TypeVar("Event", bound=DomainEvent)


class Elsewhere(Protocol):
    """The engines of a cluster, as one of them sees them."""

    def here(self, stream: str) -> bool:
        """Return whether a stream is this engine's."""
        ...

    def ask(self, question: Ask) -> "asyncio.Future[Decision[DomainEvent]]":
        """Have a command decided by the engine that owns its stream.

        The answer is :class:`application.ports.event_store.AppendOutcomeUnknown` where none came, and
        :class:`application.cluster.placement.OwnerAway` where it was not asked.
        """
        ...


class SharedOwner(StreamOwner[State, Command, Event]):
    """Decides where the stream is this engine's, and has it decided where it is not."""

    elsewhere: Elsewhere
    _behind = False
    """Whether something was decided elsewhere that whoever asked for it may look for here."""

    def ask(
        self,
        command: Command | Callable[[int], Command],
        *,
        command_id: UUID,
        correlation_id: UUID | None = None,
        shared: bool = False,
    ) -> "asyncio.Future[Decision[Event]]":
        """Have a command decided, as :meth:`application.hosting.owner.StreamOwner.ask` says."""
        if self.elsewhere.here(self.stream):
            return super().ask(command, command_id=command_id, correlation_id=correlation_id, shared=shared)
        timed = not isinstance(command, Message)
        # An order needs no look at what became of its market: the decision says it.
        self._behind |= not timed
        question = Ask(
            stream=self.stream,
            command_id=command_id,
            correlation_id=correlation_id or command_id,
            command=command_out(command if isinstance(command, Message) else command(0)),
            timed=timed,
            shared=shared,
        )
        answer = cast("asyncio.Future[Decision[Event]]", self.elsewhere.ask(question))
        if shared:
            here = partial(super().ask, command, command_id=command_id, correlation_id=correlation_id)
            answer = asyncio.ensure_future(_or_here(answer, here))
        if not timed:
            answer.add_done_callback(self._decided_elsewhere)
        return answer

    async def state(self) -> State:
        """Return the present state, read on if it is another's. Look, but do not touch."""
        while not self.elsewhere.here(self.stream):
            self._behind = False
            await self._post(None, LOOKING, LOOKING, looks=True)
            # It may be dropped again between being read and our being told.
            if (state := super().loaded) is not None:
                return state
        return await super().state()

    async def present(self) -> State:
        """Return a state that was the log's at some moment after this call."""
        if self.elsewhere.here(self.stream):
            return await super().present()
        return await self.state()

    @property
    def loaded(self) -> State | None:
        """The state in memory; ``None`` where it has to be read on."""
        return None if self._behind and not self.elsewhere.here(self.stream) else super().loaded

    def wake(self) -> None:
        """Let the aggregate do what it has to do by itself by now, if that is for this engine to see to."""
        if self.elsewhere.here(self.stream):
            super().wake()

    def _steps(
        self, command: Command | Callable[[int], Command] | None, now_us: int
    ) -> Iterator[Sequence[Event] | Rejected]:
        if command is None and not self.elsewhere.here(self.stream):
            return iter(())  # what has come due is the owner's to do
        return super()._steps(command, now_us)

    def _decided_elsewhere(self, _: object) -> None:
        self._behind = True


async def _or_here(
    answer: "asyncio.Future[Decision[Event]]", here: "Callable[..., asyncio.Future[Decision[Event]]]"
) -> Decision[Event]:
    """Decide on what several processes would ask alike, if the owner is away: no dead engine holds all up.

    Should it be there after all, the expected revision lets one of the two write, and the id counts once.
    """
    try:
        return await answer
    except (OwnerAway, AppendOutcomeUnknown):
        return await here(shared=True)
