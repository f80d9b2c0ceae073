"""The composition root: the one place where everything is made, wired together, opened and closed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.applications import Starlette

from adapters.caches.opening import open_cache, open_used_signatures
from adapters.checkpoints import FileCheckpoints, MemoryCheckpoints
from adapters.clock import PART as CLOCK
from adapters.clock import SystemClock, TimeOrderedIds
from adapters.clock import watch as watch_the_clock
from adapters.data_folder import DataFolder, Identity
from adapters.engine_lines.engines import Engines
from adapters.engine_lines.opening import open_engines
from adapters.engine_lines.shared_notes import SharedNotes
from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.json_schemas import event_schemas
from adapters.event_schemas.remembering import RememberingCodec
from adapters.event_stores.data_files import ProcessLock
from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.opening import open_known_log, open_log, open_store, place_of
from adapters.event_stores.unfinished_copies import refuse_unfinished
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.app import create_app, make_port
from adapters.http.callers.scrapers import Scrapers
from adapters.http.callers.sessions import Visitors
from adapters.http.callers.signing import generate_key_pair
from adapters.http.feed.feed import Feed
from adapters.http.firewall.opening import open_screen
from adapters.http.port import HttpPort
from adapters.http.route_classes import RouteClass
from adapters.http.routes.admin_watching import overview_here
from adapters.http.serving.warming import make_warmer
from adapters.http.settings import HttpSettings
from adapters.limits.opening import open_limits
from adapters.notices.opening import OpenNotices, open_notices
from adapters.projector_process import projector_beside
from adapters.queues.opening import watching_queues
from adapters.read_models import opening as read_models
from adapters.read_models.opening import OpenReadModels, founded_at_us
from adapters.sessions.opening import open_sessions
from adapters.sessions.passwords import Argon2Passwords
from adapters.settings import ProjectorPlace, Settings
from adapters.snapshots.memory import NoSnapshots
from adapters.snapshots.opening import open_snapshots
from adapters.surveillance.rules import surveillance_rules
from adapters.telemetry.objectives import read_objectives
from adapters.telemetry.read_models import ReadModelFigures
from adapters.telemetry.tracing.opening import open_tracing
from adapters.telemetry.tracing.untraced import Untraced
from adapters.telemetry.watch import Watch
from adapters.web.serving import page_routes
from application.accounts import Accounts
from application.caching.warmer import CacheWarmer
from application.cluster.shared_owner import Elsewhere
from application.exchange import Exchange
from application.founding import found
from application.health import Health, kept_running
from application.hosting.directory import Directory
from application.hosting.open_markets import OpenMarkets
from application.keys import Keys
from application.keys_in_force import KeysInForce
from application.limiting.tiers import LOOPBACK
from application.log.guard import LogGuard
from application.log.readable import refuse_unknown_events
from application.notices.deliveries import Deliveries
from application.notices.telling import Telling
from application.notices.webhooks import Webhooks
from application.operations import Operations
from application.past import Past
from application.ports.checkpoints import Checkpoints
from application.ports.clock import Clock, Ids
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore
from application.ports.key_index import KeyIndex
from application.ports.snapshots import Snapshots
from application.ports.tracing import NO_SPANS, Spans
from application.processes.conditions import Conditions
from application.processes.groups import Groups
from application.processes.order_groups import OrderGroups
from application.processes.quotes import QuotedTrades
from application.processes.runner import ProcessRunner
from application.processes.settlement import Settlement
from application.quoting import Quoting
from application.requests import Accepted
from application.sagas.courtesy import OthersMayBeBusy
from application.sagas.funds import Funds
from application.sagas.recovery import SagaRecovery
from application.sagas.set_aside import SetAside
from application.streams import EXCHANGE_EVENTS
from application.trading import CommandHandler
from application.watching.cache_counts import Caches
from application.watching.hosting import Hosting
from application.watching.notices import Notices
from application.watching.trading import Trading
from application.watching.traffic import Traffic
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope
from domain.ledger.state import KnownOrder
from domain.limits import DEFAULT_LIMITS, AccountLimits
from projections.reading.changes import Changes
from projections.reading.queries import ReadModels
from projections.running.runner import ProjectionRunner

log = logging.getLogger(__name__)

OPERATOR = AccountId("operator")
"""The account whose keys may do everything."""

SHOWN_S = 30.0
"""How long a command that opens an exchange for itself waits for the read models."""


async def build_exchange(
    store: EventStore,
    codec: EventCodec,
    *,
    order_keys: KeyIndex[KnownOrder],
    transfer_keys: KeyIndex[int],
    checkpoints: Checkpoints,
    clock: Clock,
    ids: Ids,
    partitions: int,
    snapshots: Snapshots | None = None,
    limits: AccountLimits = DEFAULT_LIMITS,
    health: Health | None = None,
    alone: bool = True,
    in_place: Callable[[], None] = lambda: None,
    losses: Callable[[], int] = lambda: 0,
    keys_changed: Callable[[], None] = lambda: None,
    spans: Spans = NO_SPANS,
    elsewhere: Elsewhere | None = None,
) -> Exchange:
    """Wire an exchange on top of a store; start it before use. Without snapshots it replays whole streams.

    Where it is not ``alone``, other processes may write to the same store. ``in_place`` raises
    :class:`application.ports.event_store.LogReplaced` if the files of the log were replaced; ``losses`` tells
    how many times the server behind it was lost.
    """
    founding = await found(store, codec, clock, partitions=partitions)
    kept, health = snapshots or NoSnapshots(), health or Health()
    guard = LogGuard(store, health, in_place, losses)
    directory = Directory(
        reader=store,
        appender=guard,
        codec=codec,
        clock=clock,
        snapshots=kept,
        partitions=founding.partitions,
        limits=limits,
        health=health,
        elsewhere=elsewhere,
    )
    in_force = KeysInForce(
        reader=store, codec=codec, partitions=founding.partitions, health=health, changed=keys_changed
    )
    runner = ProcessRunner(
        log=store,
        codec=codec,
        checkpoints=checkpoints,
        processes=[
            Settlement(directory),
            Conditions(directory),
            Groups(directory),
            OrderGroups(directory),
            QuotedTrades(directory),
        ],
        health=health,
    )
    funds, set_aside = Funds(runner), SetAside(health)
    trading = CommandHandler(
        directory,
        funds=funds,
        set_aside=set_aside,
        order_keys=order_keys,
        clock=clock,
        ids=ids,
        spans=spans,
    )
    # An engine has its ledgers to itself, and so the sagas that begin there.
    busy = trading.busy if alone or elsewhere is not None else OthersMayBeBusy(trading.busy)
    recovery = SagaRecovery(directory, runner, ids, busy, set_aside)
    return Exchange(
        directory=directory,
        trading=trading,
        operations=Operations(directory, funds, transfer_keys, runner, clock, ids),
        keys=Keys(directory, in_force, ids),
        webhooks=Webhooks(directory, ids),
        quoting=Quoting(directory, funds, clock, ids),
        runner=runner,
        recovery=recovery,
        set_aside=set_aside,
        open_markets=OpenMarkets(log=store, streams=store, snapshots=kept),
        past=Past(reader=store, codec=codec, snapshots=kept),
        guard=guard,
        health=health,
        measured=(Trading(trading, recovery, set_aside), Hosting(directory), guard.appends),
    )


@asynccontextmanager
async def open_past(settings: Settings) -> AsyncIterator[Past]:
    """Open what can say how things stood, beside the process that writes the log."""
    async with open_log(settings) as log, open_snapshots(settings) as snapshots:
        yield Past(reader=log, codec=JsonCodec(), snapshots=snapshots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presage:
    """A whole exchange while it is open: what it does, what readers may ask, and its interface over HTTP."""

    settings: Settings
    folder: DataFolder
    identity: Identity
    store: EventStore
    codec: EventCodec
    exchange: Exchange
    reads: ReadModels
    changes: Changes
    cached: CachedAnswers
    warmer: CacheWarmer
    telling: Telling
    deliveries: Deliveries
    watch: Watch
    feed: Feed
    port: HttpPort
    engines: Engines | None
    checkpoints: Checkpoints
    app: Starlette
    tracing: Untraced

    async def start(self) -> None:
        """Open for business, with an operator who has a key."""
        await self.exchange.start()
        self.telling.start()
        if not self.settings.workers:  # which have caches of their own
            self.warmer.start()
        await _appoint_operator(self.exchange, self.folder)
        _tell_of_other_partitions(self.settings, self.exchange.directory.partitions)

    async def hush(self) -> None:
        """Tell nobody of orders any more; the next process goes on with it."""
        await self.telling.close()
        await self.deliveries.close()

    async def shown(self) -> bool:
        """Wait until readers see all that is in the log now; return whether they do."""
        return await self.reads.freshness.await_position(await self.store.head(), SHOWN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """An exchange with its log and its read models, before anybody can speak to it."""

    settings: Settings
    folder: DataFolder
    tracing: Untraced
    health: Health
    clock: SystemClock
    store: EventStore
    codec: EventCodec
    checkpoints: Checkpoints
    reads: OpenReadModels
    engines: Engines | None
    exchange: Exchange
    founded: str
    traffic: Traffic


@asynccontextmanager
async def open_presage(
    settings: Settings, notes: SharedNotes | None = None, *, engine: str | None = None
) -> AsyncIterator[Presage]:
    """Open everything on a data folder, founding an exchange if it is new. Start it before use.

    ``notes`` are shared with the processes that answer requests in its place, if there are any. With the name
    of an ``engine`` it is one of several, and owns what the cluster gives it.
    Raises :class:`UnusableFolder`, :class:`UnusableLog` or an error of the read models, each naming the
    file that cannot be used.
    """
    async with AsyncExitStack() as stack:
        core = await _open_core(stack, settings, notes, engine)
        exchange, reads = core.exchange, core.reads
        notices = await stack.enter_async_context(
            open_notices(
                settings,
                exchange.webhooks,
                store=core.store,
                codec=core.codec,
                clock=core.clock,
                key=core.folder.webhook_key(),
                tracing=core.tracing,
                health=core.health,
            )
        )
        watch = _watch(core)
        port = await _open_port(stack, core, watch, notices, notes)
        watch.add(
            Caches({"answers": port.cached.counts, "books": port.books.counts}),
            ReadModelFigures(reads.stats, core.clock),
            Notices(notices.deliveries),
        )
        watch.add(*(part for part in (port.limits, port.screen and port.screen.firewall) if part))
        watch.add(*await stack.enter_async_context(watching_queues(settings.redis_url, core.health)))
        warmer = make_warmer(port)
        stack.push_async_callback(warmer.close)
        feed = _feed(core, port)
        watch.add(feed)
        await stack.enter_async_context(feed.running())
        core.tracing.feed(reads.board)
        presage = Presage(
            settings=settings,
            folder=core.folder,
            identity=port.identity,
            store=core.store,
            codec=core.codec,
            exchange=exchange,
            reads=reads.models,
            changes=reads.changes,
            cached=port.cached,
            warmer=warmer,
            telling=notices.telling,
            deliveries=notices.deliveries,
            watch=watch,
            feed=feed,
            port=port,
            engines=core.engines,
            checkpoints=core.checkpoints,
            app=core.tracing.requests(create_app(port, feed=feed, more_routes=page_routes())),
            tracing=core.tracing,
        )
        stack.push_async_callback(presage.hush)
        yield presage


async def _open_core(
    stack: AsyncExitStack, settings: Settings, notes: SharedNotes | None, engine: str | None
) -> Core:
    """Open the log, the read models and the exchange."""
    folder = DataFolder(settings.data)
    folder.prepare(log_here=settings.event_store == "sqlite")
    health, checkpoints = Health(), _checkpoints(settings)
    tracing = stack.enter_context(open_tracing(settings, part="exchange"))
    codec = make_codec(tracing)
    if settings.event_store != "sqlite":  # which has a lock of its own
        stack.callback(ProcessLock(settings.data / "lock").release)
    store = await stack.enter_async_context(open_store(settings))
    await refuse_unfinished(store, place_of(settings))
    await refuse_unknown_events(store, codec, checkpoints)
    clock = SystemClock(await _last_decided_us(store, codec))
    minding = asyncio.create_task(
        kept_running(lambda: watch_the_clock(clock, health), health=health, part=CLOCK),
        name="watch on the clock",
    )
    stack.callback(minding.cancel)
    reads = await stack.enter_async_context(open_reads(settings, store, codec, clock, health, tracing.spans))
    engines = await stack.enter_async_context(
        open_engines(settings, store, codec, clock, health, engine=engine)
    )
    exchange = await build_exchange(
        tracing.store(store),
        codec,
        order_keys=reads.order_keys,
        elsewhere=engines,
        alone=settings.event_store in ("sqlite", "memory"),
        transfer_keys=reads.transfer_keys,
        checkpoints=checkpoints,
        clock=clock,
        ids=tracing.ids(TimeOrderedIds()),
        partitions=settings.partitions,
        snapshots=await stack.enter_async_context(open_snapshots(settings)),
        limits=settings.limits,
        health=health,
        in_place=store.check_place if isinstance(store, EmbeddedEventStore) else lambda: None,
        losses=lambda: getattr(store, "losses", 0),  # only a server's store has any
        keys_changed=notes.keys_changed if notes else lambda: None,
        spans=tracing.spans,
    )
    stack.push_async_callback(exchange.close)
    return Core(
        settings=settings,
        folder=folder,
        tracing=tracing,
        health=health,
        clock=clock,
        store=store,
        codec=codec,
        checkpoints=checkpoints,
        reads=reads,
        engines=engines,
        exchange=exchange,
        founded=str(await founded_at_us(store, codec)),
        traffic=Traffic(tuple(RouteClass)),
    )


def _watch(core: Core) -> Watch:
    """Return what measures the exchange."""
    return Watch(
        core.exchange,
        core.traffic,
        core.reads.stats,
        core.reads.audit,
        slos=read_objectives(core.settings.slos),
        measurements=core.settings.measurements_file,
        surveillance=surveillance_rules(core.settings.surveillance),
        log=core.store,
        codec=core.codec,
        clock=core.clock,
    )


async def _open_port(
    stack: AsyncExitStack, core: Core, watch: Watch, notices: OpenNotices, notes: SharedNotes | None
) -> HttpPort:
    """Open what answers requests, with all it remembers of those who ask."""
    settings, exchange, reads, clock = core.settings, core.exchange, core.reads, core.clock
    redis, founded, health = settings.redis_url, core.founded, core.health
    cache = await stack.enter_async_context(open_cache(redis, exchange=founded, health=health))
    used = await stack.enter_async_context(open_used_signatures(redis, exchange=founded, health=health))
    sessions, attempts = await stack.enter_async_context(open_sessions(redis, exchange=founded))
    accounts = Accounts(exchange.directory, exchange.keys.in_force, TimeOrderedIds(), Argon2Passwords())
    stack.push_async_callback(accounts.close)
    http = http_settings(settings)
    limits = await stack.enter_async_context(
        open_limits(
            settings.rate_limits,
            redis,
            exchange=founded,
            health=health,
            here=notes.buckets if notes else None,
        )
    )
    return make_port(
        exchange,
        reads.models,
        clock=SystemClock(),
        event_schemas=event_schemas,
        traffic=core.traffic,
        watch=watch,
        scrapers=Scrapers(settings.metrics_token or core.folder.metrics_token()),
        projector=reads.stats,
        cached=CachedAnswers(reads.models, cache, reads.changes),
        used=used,
        identity=core.folder.identity(founded),
        visitors=Visitors(
            accounts=accounts, sessions=sessions, attempts=attempts, clock=clock, settings=http
        ),
        settings=http,
        destinations=notices.destinations,
        webhook_key=notices.public_key,
        limits=limits,
        screen=open_screen(settings.firewall),
        latest=notes,
        ahead_us=lambda: clock.ahead_us,
    )


def _feed(core: Core, port: HttpPort) -> Feed:
    """Return the live feed."""
    return Feed(
        board=core.reads.board,
        log=core.store,
        codec=core.codec,
        past=core.exchange.past,
        reads=core.reads.models,
        keys=core.exchange.keys.in_force,
        sessions=port.visitors.sessions,
        clock=core.clock,
        health=core.health,
        look=partial(overview_here, port),
        exempt=port.limits.rules.exempt if port.limits else LOOPBACK,
    )


def http_settings(settings: Settings) -> HttpSettings:
    """Return what is set of the HTTP port from outside."""
    return HttpSettings(
        strict_keys=settings.strict_keys, sign_up=settings.sign_up, origins=settings.allowed_origins
    )


@asynccontextmanager
async def open_reads(
    settings: Settings,
    store: EventStore,
    codec: EventCodec,
    clock: Clock,
    health: Health,
    spans: Spans = NO_SPANS,
) -> AsyncIterator[OpenReadModels]:
    """Open the read models, kept up to date by a projector in this process or by one that is not."""
    async with AsyncExitStack() as stack:
        database = settings.database_url or stack.enter_context(_read_file(settings))
        inside = settings.projector is ProjectorPlace.INSIDE
        opened = partial(read_models.open_read_models, spans=spans) if inside else read_models.open_readers
        reads = await stack.enter_async_context(
            opened(database, source=store, codec=codec, clock=clock, health=health)
        )
        if settings.projector is ProjectorPlace.BESIDE:
            await stack.enter_async_context(projector_beside(settings, health))
        yield reads


@asynccontextmanager
async def open_projector(settings: Settings) -> AsyncIterator[ProjectionRunner]:
    """Open what keeps the read models up to date, for a process of its own.

    Raises :class:`application.ports.codec.UnreadableEvent` for a log that this version does not know, before
    anything is touched.
    """
    with open_tracing(settings, part="projector") as tracing:
        async with (
            open_known_log(settings) as log,
            read_models.open_projector(
                settings.database_url or settings.read_file,
                source=log,
                codec=tracing.codec(JsonCodec()),
                clock=SystemClock(),
                spans=tracing.spans,
            ) as runner,
        ):
            yield runner


@contextmanager
def _read_file(settings: Settings) -> Iterator[Path]:
    """Give the read models' file: one that is forgotten together with its log, where the log is."""
    if settings.event_store != "memory":
        yield settings.read_file
        return
    with TemporaryDirectory() as folder:
        yield Path(folder) / settings.read_file.name


def _tell_of_other_partitions(settings: Settings, founded: int) -> None:
    """Say so where somebody has asked for another number of partitions than an exchange has for good."""
    if "partitions" in settings.model_fields_set and settings.partitions != founded:
        log.warning(
            "PRESAGE_PARTITIONS=%d counts for nothing: the exchange was founded with %d, and keeps them",
            settings.partitions,
            founded,
        )


async def _last_decided_us(store: EventStore, codec: EventCodec) -> int:
    """Return when the last event was decided, zero if there is none."""
    async for page in store.read_all(backwards=True, limit=1, matching=EXCHANGE_EVENTS):
        for event in page.events:
            return codec.decode(event).cause.at_us
    return 0


def _checkpoints(settings: Settings) -> Checkpoints:
    if settings.event_store == "memory":
        return MemoryCheckpoints()
    return FileCheckpoints(settings.checkpoints_file)


async def _appoint_operator(exchange: Exchange, folder: DataFolder) -> None:
    """See to it that a key in the folder can act as the operator."""
    key = folder.operator()
    identity = exchange.directory.identity(OPERATOR)
    if not exchange.directory.here(identity.stream):
        return  # one engine is enough
    known = await identity.state()
    if key is not None and key.key_id in known.keys:
        return
    private_pem, public_pem = generate_key_pair()
    scopes = tuple(Scope)
    key_id, answer = await exchange.keys.create(
        OPERATOR, name="operator", public_key_pem=public_pem, scopes=scopes
    )
    assert isinstance(answer, Accepted)
    folder.appoint_operator(
        folder.keep_key(key_id, account_id=OPERATOR, scopes=scopes, private_pem=private_pem)
    )


def make_codec(tracing: Untraced | None = None) -> EventCodec:
    """Return the codec of a process that writes events, and reads most of them again."""
    codec = JsonCodec()
    return RememberingCodec(tracing.codec(codec) if tracing else codec)
