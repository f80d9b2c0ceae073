"""Opens an HTTP process of ``presage serve --workers``: read models, and a line to the engine."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from adapters.bootstrap import http_settings, make_codec
from adapters.caches.opening import open_cache, open_used_signatures
from adapters.clock import SystemClock
from adapters.data_folder import DataFolder
from adapters.engine_lines.line import (
    AnswerLost,
    EngineAway,
    EngineFailed,
    EngineLine,
    ToEngine,
    at_socket,
    running_line,
)
from adapters.engine_lines.messages import (
    Answer,
    Booked,
    Booking,
    Lasts,
    Overseen,
    Overview,
    SessionLasts,
    SessionOf,
    SessionsAway,
    SessionTold,
)
from adapters.engine_lines.shared_notes import SharedNotes
from adapters.event_schemas.json_schemas import event_schemas
from adapters.event_stores.opening import ReadableLog, open_log
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.app import ROUTE_NAMES
from adapters.http.callers.authentication import Authenticator
from adapters.http.callers.key_ring import KeyRing
from adapters.http.callers.own_writes import LatestWrites, OwnWrites
from adapters.http.callers.sessions import GoingSessions, Known
from adapters.http.feed.feed import Feed, OtherFeeds
from adapters.http.feed.overseeing import Look
from adapters.http.firewall.opening import open_screen
from adapters.http.forwarding import forwarding_app
from adapters.http.port import ReadPort, Standing
from adapters.http.route_classes import RouteClass
from adapters.http.routes.service import standing_of
from adapters.http.serving.http_processes import Reporter
from adapters.http.serving.warming import make_warmer
from adapters.limits.opening import open_limits
from adapters.read_models.opening import OpenReadModels, founded_at_us, open_readers
from adapters.settings import Settings
from adapters.snapshots.opening import open_snapshots
from adapters.telemetry.tracing.opening import open_tracing
from adapters.telemetry.tracing.untraced import Untraced
from adapters.web.serving import page_routes
from application.caching.warmer import CacheWarmer
from application.founding import founding_of
from application.health import Health, Trouble, kept_running
from application.keys_in_force import KeysInForce
from application.limiting.limits import Limits
from application.limiting.tiers import LOOPBACK
from application.limiting.token_bucket import Buckets
from application.past import Past
from application.ports.codec import EventCodec
from application.ports.event_store import Position, StoreUnavailable
from application.ports.measures import Measured
from application.ports.sessions import Session, SessionsUnavailable
from application.ports.used_signatures import UsedSignatures
from application.watching.cache_counts import Caches
from application.watching.traffic import Traffic
from domain.identifiers import AccountId
from projections.reading.queries import Freshness

ENGINE = "engine"
"""The part that is away where there is no engine to ask."""

REPORT_S = 0.5
"""How often the engine is told how this process gets on."""

SIGHT_S = 1.0
"""How often it is noted how far it sees, even if that may have gone back only."""

BOOKED_S = 2.0
SESSION_S = 2.0
OVERVIEW_S = 2.0
"""How long the engine has to answer what requests to read wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProcess:
    """An HTTP process while it is open. What is added to ``parts`` is told to the engine, too.

    ``opened`` is whether the exchange was ever ready, for all that this process knows.
    """

    app: Starlette
    opened: asyncio.Event
    feed: Feed
    parts: list[Measured]


class EngineAfar:
    """What readers need to know of the exchange, asked of the engine."""

    def __init__(self, line: ToEngine, health: Health) -> None:
        self._line = line
        self.health = health

    @property
    def ready(self) -> bool:
        """Whether the exchange takes commands."""
        return self._line.ready

    async def booked(self, account_id: AccountId, position: Position) -> Position:
        """Wait until an account's money is as everything decided up to a position makes it.

        Return where that stands in the log. Raises ``TimeoutError`` where the engine does not answer.
        """
        question = Booking(account_id=account_id, position=position)
        try:
            answer = await self._line.ask_for(account_id, question, BOOKED_S)
        except (EngineAway, AnswerLost, EngineFailed) as error:
            raise TimeoutError from error
        assert isinstance(answer, Booked)
        return Position(answer.position)


class EngineSessions:
    """The sessions, which the engine knows."""

    def __init__(self, line: EngineLine) -> None:
        self._line = line

    async def get_session(self, session_id: str) -> Session | None:
        """Return a session, which lasts longer by that; ``None`` if it has ended."""
        answer = await self._ask(SessionOf(session_id=session_id))
        assert isinstance(answer, SessionTold)
        return answer.session

    async def lasts(self, account_id: AccountId, session_id: str) -> bool:
        """Return whether an account's session goes on. To ask is no use of it."""
        answer = await self._ask(SessionLasts(account_id=account_id, session_id=session_id))
        assert isinstance(answer, Lasts)
        return answer.lasts

    async def _ask(self, question: SessionOf | SessionLasts) -> Answer:
        try:
            answer = await self._line.ask(question, SESSION_S)
        except (EngineAway, AnswerLost, EngineFailed) as error:
            raise SessionsUnavailable("the engine is away") from error
        if isinstance(answer, SessionsAway):
            raise SessionsUnavailable(answer.message)
        return answer


class EngineOverview:
    """How the exchange is as a whole, which the engine knows; where it is away, that much is known here."""

    def __init__(self, line: ToEngine, health: Health) -> None:
        self._line = line
        self._health = health

    async def look(self) -> Mapping[str, Any]:
        """Return how it is."""
        try:
            answer = await self._line.ask_for(None, Overseen(), OVERVIEW_S)
        except (EngineAway, AnswerLost, EngineFailed):
            self._health.report(
                ENGINE, Trouble.ENGINE_AWAY, "it does not answer; it is started again if it has ended"
            )
            return {"readiness": standing_of(self._health, ready=self._line.opened.is_set())}
        assert isinstance(answer, Overview)
        overview: Mapping[str, Any] = orjson.loads(answer.told)
        return overview


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a process that answers HTTP has of its own, whichever way it asks the engine."""

    settings: Settings
    tracing: Untraced
    health: Health
    codec: EventCodec
    clock: SystemClock
    traffic: Traffic
    log: ReadableLog
    reads: OpenReadModels
    in_force: KeysInForce
    partitions: int
    founded: str


async def open_base(
    stack: AsyncExitStack, settings: Settings, *, part: str, key_changes: Callable[[], int] = lambda: 0
) -> Base:
    """Open the log and the read models. Raises :class:`StoreUnavailable` where there is no exchange yet."""
    health, clock = Health(), SystemClock()
    tracing = stack.enter_context(open_tracing(settings, part=part))
    codec = make_codec(tracing)
    log = await stack.enter_async_context(open_log(settings))
    reads = await stack.enter_async_context(
        open_readers(
            settings.database_url or settings.read_file, source=log, codec=codec, clock=clock, health=health
        )
    )
    founding = await founding_of(log, codec)
    if founding is None:
        raise StoreUnavailable("the log holds no exchange yet")
    in_force = KeysInForce(
        reader=log, codec=codec, partitions=founding.partitions, health=health, changes=key_changes
    )
    stack.push_async_callback(in_force.close)
    await in_force.look()  # so that nobody is told at first that there are no keys
    return Base(
        settings=settings,
        tracing=tracing,
        health=health,
        codec=codec,
        clock=clock,
        traffic=Traffic(tuple(RouteClass)),
        log=log,
        reads=reads,
        in_force=in_force,
        partitions=founding.partitions,
        founded=str(await founded_at_us(log, codec)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What answers requests, and what it measures."""

    port: ReadPort
    feed: Feed
    warmer: CacheWarmer
    parts: Sequence[Measured]


async def open_front(
    stack: AsyncExitStack,
    base: Base,
    *,
    exchange: Standing,
    used: UsedSignatures,
    limits: Limits | None,
    sessions: GoingSessions,
    latest: LatestWrites,
    look: Look,
    buckets: Buckets | None = None,
    others: OtherFeeds | None = None,
) -> Front:
    """Open what answers requests from the read models, and the live feed."""
    settings, health, codec, clock = base.settings, base.health, base.codec, base.clock
    cache = await stack.enter_async_context(
        open_cache(settings.redis_url, exchange=base.founded, health=health)
    )
    screen, http = open_screen(settings.firewall), http_settings(settings)
    port = ReadPort(
        exchange=exchange,
        reads=base.reads.models,
        past=Past(
            reader=base.log,
            codec=codec,
            snapshots=await stack.enter_async_context(open_snapshots(settings)),
        ),
        clock=clock,
        event_schemas=event_schemas,
        projector=base.reads.stats,
        authenticator=Authenticator(KeyRing(base.in_force), used, clock, http),
        cached=CachedAnswers(base.reads.models, cache, base.reads.changes),
        identity=DataFolder(settings.data).identity(base.founded),
        traffic=base.traffic,
        settings=http,
        limits=limits,
        screen=screen,
        route_names=ROUTE_NAMES,
        visitors=Known(sessions=sessions, clock=clock, settings=http),
        own_writes=OwnWrites(latest),
    )
    feed = Feed(
        board=base.reads.board,
        log=base.log,
        codec=codec,
        past=port.past,
        reads=base.reads.models,
        keys=base.in_force,
        sessions=port.visitors.sessions,
        clock=clock,
        health=health,
        look=look,
        exempt=limits.rules.exempt if limits else LOOPBACK,
        buckets=buckets,
        others=others,
    )
    await stack.enter_async_context(feed.running())
    base.tracing.feed(base.reads.board)
    warmer = make_warmer(port)
    stack.push_async_callback(warmer.close)
    caches = Caches({"answers": port.cached.counts, "books": port.books.counts})
    guards = [part for part in (limits, screen and screen.firewall) if part]
    return Front(port=port, feed=feed, warmer=warmer, parts=[caches, *guards, feed])


@asynccontextmanager
async def open_http_process(
    settings: Settings, *, worker: int, engine: Path, notes: SharedNotes
) -> AsyncIterator[HttpProcess]:
    """Open an HTTP process on a data folder whose engine is, or will be, at the socket ``engine``."""
    parts: list[Measured] = []
    async with AsyncExitStack() as stack:
        base = await open_base(stack, settings, part=f"http {worker}", key_changes=notes.key_changes)
        health = base.health
        line = EngineLine(
            at_socket(engine), Reporter(worker, os.getpid(), base.traffic, parts, health).report
        )
        front = await open_front(
            stack,
            base,
            exchange=EngineAfar(line, health),
            used=await stack.enter_async_context(
                open_used_signatures(None, exchange=base.founded, health=health)
            ),
            limits=await stack.enter_async_context(
                open_limits(
                    settings.rate_limits,
                    settings.redis_url,
                    exchange=base.founded,
                    health=health,
                    here=notes.buckets,
                )
            ),
            sessions=EngineSessions(line),
            latest=notes,
            look=EngineOverview(line, health).look,
            buckets=notes.buckets,
            others=notes.feeds(worker),
        )
        parts += front.parts
        await stack.enter_async_context(running_line(line, health, "line to the engine"))
        for part, work in (
            ("reports to the engine", partial(_report, line, health)),
            ("sight", partial(_note_sight, notes, worker, base.reads.models.freshness)),
        ):
            task = asyncio.create_task(kept_running(work, health=health, part=part), name=part)
            stack.callback(task.cancel)
        front.warmer.start()
        app = forwarding_app(front.port, line, feed=front.feed, more_routes=page_routes())
        yield HttpProcess(app=base.tracing.requests(app), opened=line.opened, feed=front.feed, parts=parts)


async def _report(line: EngineLine, health: Health) -> None:
    """Tell the engine again and again how this process gets on, until cancelled."""
    while True:
        await asyncio.sleep(REPORT_S)
        line.report()
        if line.open:
            health.clear(ENGINE, Trouble.ENGINE_AWAY)


async def _note_sight(notes: SharedNotes, worker: int, freshness: Freshness) -> None:
    """Note again and again how far this process can see, until cancelled."""
    while True:
        seen = freshness.position
        notes.sees(worker, seen)
        await freshness.await_position(Position(seen + 1), SIGHT_S)
