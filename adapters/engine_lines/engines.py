"""The engines of a cluster, each at the end of a line of its own, asked by what they own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec.structs import replace

from adapters.engine_lines.line import (
    ANSWER_WITHIN_S,
    AnswerLost,
    EngineAway,
    EngineFailed,
    EngineLine,
    running_line,
)
from adapters.engine_lines.messages import Answer, Forwarded, NotMine, Question
from adapters.engine_lines.names import Names
from adapters.engine_lines.post import Post
from application.cluster.placement import OwnerAway, Placement
from application.cluster.wire import Ask, Fault, Reply, decision_of, error_of
from application.events import DomainEvent
from application.health import Health, Trouble, kept_running
from application.hosting.decision import Decision
from application.hosting.insistence import TOLD_AFTER_S
from application.ports.event_store import AppendOutcomeUnknown, EventStoreError
from application.streams import ledger_stream, partition_of
from domain.identifiers import AccountId

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often it is looked who the engines are: whoever asks the wrong one is told so and looks at once."""

PATIENCE_S = 4.0
"""How long a question waits for an engine that hands over what it is about: less than signatures hold."""

PAUSE_S = 0.05

PART = "who the engines are"

AWAY_S = 2.0
"""How long an engine may be away before readiness tells of it: one that begins has no line yet."""


class Engines:
    """Asks engines. What is this process's own, if it is an engine itself, it is not asked here.

    ``partitions`` is how many the accounts are spread over.
    """

    def __init__(
        self, post: Post, names: Names, placement: Placement, *, partitions: int, health: Health
    ) -> None:
        self.placement = placement
        self.opened = asyncio.Event()
        self.here = placement.here
        self.post = post
        self.names = names
        self._partitions = partitions
        self._health = health
        self._lines: dict[str, EngineLine] = {}
        self._ends: dict[str, AsyncExitStack] = {}
        self._missed: dict[str, float] = {}
        self._looking: asyncio.Task[None] | None = None

    by_account = True
    """Whether it matters for whom something is asked."""

    @property
    def open(self) -> bool:
        """Whether there is an engine at all."""
        return any(line.open for line in self._lines.values())

    @property
    def ready(self) -> bool:
        """Whether some engine takes commands."""
        return any(line.ready for line in self._lines.values())

    def report(self) -> None:
        """Tell nobody how this process gets on: it has figures of its own."""

    def ask(self, question: Ask) -> "asyncio.Future[Decision[DomainEvent]]":
        """Have a command decided, as :class:`application.cluster.shared_owner.Elsewhere` says."""
        return asyncio.ensure_future(self._decision(question))

    async def ask_for(
        self, account_id: AccountId | None, question: Question, within_s: float = ANSWER_WITHIN_S
    ) -> Answer:
        """Ask the engine that has an account's money; whichever there is, where it concerns none.

        Raises what the line raises.
        """
        if account_id is None:
            for line in self._lines.values():
                if line.ready:
                    return await line.ask(question, within_s)
            raise EngineAway
        stream = ledger_stream(partition_of(account_id, self._partitions))
        if isinstance(question, Forwarded):
            question = replace(question, owned=stream)
        try:
            return await self._asked(stream, question, within_s)
        except OwnerAway as error:
            raise EngineAway from error

    async def _decision(self, question: Ask) -> Decision[DomainEvent]:
        try:
            answer = await self._asked(question.stream, question, TOLD_AFTER_S + 1)
        except EngineAway as error:
            raise OwnerAway(
                f"the engine of {question.stream} is away; nothing was done, try again later"
            ) from error
        except (AnswerLost, EngineFailed) as error:
            # It was asked: whatever has become of the answer, it may have been done.
            raise AppendOutcomeUnknown(
                f"{question.stream}: its engine has not answered ({error!r})"
            ) from error
        if isinstance(answer, Fault):
            raise error_of(answer)
        assert isinstance(answer, Reply)
        try:
            return decision_of(answer)
        except Exception as error:
            raise AppendOutcomeUnknown(f"{question.stream}: {error}") from error

    async def _asked(self, stream: str, question: Question, within_s: float) -> Answer:
        """Ask whoever owns a stream; where that is about to change, wait until it has."""
        loop = asyncio.get_running_loop()
        until = loop.time() + min(PATIENCE_S, within_s)
        while True:
            line = self._lines.get(self.placement.owner(stream))
            if line is None or not line.ready:
                raise EngineAway
            answer = await line.ask(question, within_s)
            if not isinstance(answer, NotMine):
                return answer
            if loop.time() > until:
                raise EngineAway
            await asyncio.sleep(PAUSE_S)
            await self.look()

    async def look(self) -> None:
        """Take in who the engines are, and have a line to each of the others."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="look at the engines")
            self._looking.add_done_callback(self._looked)
        await asyncio.shield(self._looking)  # many may wait for one look

    def _looked(self, _: object) -> None:
        self._looking = None

    async def _look(self) -> None:
        try:
            await self.placement.membership.look()
        except EventStoreError as error:
            log.warning("who the engines are cannot be read, what is known holds: %s", error)
        state = self.placement.membership.state
        wanted = (state.members | state.owing) - {self.placement.engine}
        for engine in wanted - self._lines.keys():
            await self._begin(engine)
        for engine in self._lines.keys() - wanted:
            del self._lines[engine]
            await self._ends.pop(engine).aclose()
            self._told(engine, well=True)

    async def _begin(self, engine: str) -> None:
        async def connect(made: "asyncio.Protocol | object") -> None:
            await self.post.open(await self.names.find(engine), made)  # type: ignore[arg-type]

        line = self._lines[engine] = EngineLine(connect)
        self._ends[engine] = stack = AsyncExitStack()
        await stack.enter_async_context(running_line(line, self._health, f"line to engine {engine}"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep lines to all engines while the block runs."""
        await self.look()
        looking = asyncio.create_task(
            kept_running(self._look_again, health=self._health, part=PART), name=PART
        )
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            for stack in self._ends.values():
                await stack.aclose()

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()
            if self.ready:
                self.opened.set()
            now_s = asyncio.get_running_loop().time()
            for engine, line in self._lines.items():
                missed = now_s if line.open else self._missed.get(engine, now_s)
                self._missed[engine] = missed
                self._told(engine, well=now_s - missed < AWAY_S)

    def _told(self, engine: str, *, well: bool) -> None:
        if well:
            self._health.clear(f"engine {engine}", Trouble.ENGINES_UNREACHABLE)
        else:
            self._health.report(
                f"engine {engine}",
                Trouble.ENGINES_UNREACHABLE,
                "it does not answer: what is its own waits until it is started again under its name",
            )
