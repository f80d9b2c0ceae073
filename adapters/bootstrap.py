"""The composition root: the one place where everything is made, wired together, opened and closed."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from starlette.applications import Starlette

from adapters.caches.opening import open_cache, open_used_signatures
from adapters.checkpoints import FileCheckpoints, MemoryCheckpoints, NotedCheckpoints
from adapters.clock import PART as CLOCK
from adapters.clock import SystemClock, TimeOrderedIds
from adapters.clock import watch as watch_the_clock
from adapters.data_folder import UNFINISHED, DataFolder, Identity
from adapters.engine_lines.engines import Engines
from adapters.engine_lines.opening import open_engines
from adapters.engine_lines.shared_notes import SharedNotes
from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.json_schemas import event_schemas
from adapters.event_schemas.remembering import RememberingCodec
from adapters.event_stores.data_files import ProcessLock, is_there, remove_what_is_left, sync_folder
from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.embedded.view import EmbeddedLogView
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.json_lines_view import FileLogView
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.reading_ahead import ReadingAhead
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.event_stores.sqlite_view import SqliteLogView
from adapters.event_stores.unfinished_copies import marked_unfinished, refuse_unfinished
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
from adapters.notices.destinations import Destinations
from adapters.notices.outbox import SqliteOutbox
from adapters.notices.sender import HttpSender
from adapters.notices.signing import Signer
from adapters.notices.timer import SystemTimer
from adapters.notices.wording import worded
from adapters.projector_process import projector_beside
from adapters.queues.opening import watching_queues
from adapters.read_models import opening as read_models
from adapters.read_models.opening import OpenReadModels, founded_at_us
from adapters.sessions.opening import open_sessions
from adapters.sessions.passwords import Argon2Passwords
from adapters.settings import EVENTSTOREDB, ProjectorPlace, Settings, without_secrets
from adapters.snapshots.memory import MemorySnapshots, NoSnapshots
from adapters.snapshots.sqlite import SqliteSnapshots
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
from application.notices.log_line import LogLine
from application.notices.telling import Telling
from application.notices.webhooks import Webhooks
from application.operations import Operations
from application.past import Past
from application.ports.checkpoints import Checkpoints
from application.ports.clock import Clock, Ids
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore, LogReader, LogSubscriber, StreamReader
from application.ports.key_index import KeyIndex
from application.ports.snapshots import Snapshots
from application.ports.tracing import NO_SPANS, Spans
from application.processes.conditions import Conditions
from application.processes.groups import Groups
from application.processes.order_groups import OrderGroups
from application.processes.runner import ProcessRunner
from application.processes.settlement import Settlement
from application.requests import Accepted
from application.sagas.courtesy import OthersMayBeBusy
from application.sagas.funds import Funds
from application.sagas.recovery import SagaRecovery
from application.sagas.set_aside import SetAside
from application.streams import EXCHANGE_EVENTS
from application.trading import CommandHandler
from application.transfer import refuse_unless_empty
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
        runner=runner,
        recovery=recovery,
        set_aside=set_aside,
        open_markets=OpenMarkets(log=store, streams=store, snapshots=kept),
        past=Past(reader=store, codec=codec, snapshots=kept),
        guard=guard,
        health=health,
        measured=(Trading(trading, recovery, set_aside), Hosting(directory), guard.appends),
    )


class ReadableLog(StreamReader, LogReader, LogSubscriber, Protocol):
    """A log that can be read and followed."""


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[EventStore]:
    """Open the event store that the settings name, for this process to write."""
    store: EventStore
    if settings.event_store == "memory":
        store = MemoryEventStore()
    elif settings.event_store == "sqlite":
        store = SqliteEventStore.open(settings.log_file)
    elif settings.log_folder is not None:
        store = FileEventStore.open(settings.log_folder)
    else:
        store = await _connect(settings.event_store)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_log(settings: Settings) -> AsyncIterator[ReadableLog]:
    """Open the log for reading only, beside the process that writes it."""
    DataFolder(settings.data).refuse_unfinished()
    log: EventStore | EmbeddedLogView | ReadingAhead
    if settings.event_store == "memory":
        log = MemoryEventStore()
    elif settings.event_store == "sqlite":
        log = SqliteLogView.open(settings.log_file)
    elif settings.log_folder is not None:
        log = FileLogView.open(settings.log_folder)
    else:
        log = ReadingAhead(await _connect(settings.event_store, reading=True), settings.event_store)
    try:
        await refuse_unfinished(log, _place_of(settings))
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def open_known_log(settings: Settings) -> AsyncIterator[ReadableLog]:
    """Open the log as :func:`open_log` does; refuse it if it holds events that this version does not know.

    What a running exchange of this version has looked at is not looked at again.
    """
    async with open_log(settings) as log:
        await refuse_unknown_events(log, JsonCodec(), NotedCheckpoints(settings.checkpoints_file))
        yield log


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

    async def hush(self) -> None:
        """Tell nobody of orders any more; the next process goes on with it."""
        await self.telling.close()
        await self.deliveries.close()

    async def shown(self) -> bool:
        """Wait until readers see all that is in the log now; return whether they do."""
        return await self.reads.freshness.await_position(await self.store.head(), SHOWN_S)


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
    folder = DataFolder(settings.data)
    folder.prepare(log_here=settings.event_store == "sqlite")
    health, checkpoints = Health(), _checkpoints(settings)
    async with AsyncExitStack() as stack:
        tracing = stack.enter_context(open_tracing(settings, part="exchange"))
        codec, ids = make_codec(tracing), tracing.ids(TimeOrderedIds())
        if settings.event_store != "sqlite":  # which has a lock of its own
            stack.callback(ProcessLock(settings.data / "lock").release)
        store = await stack.enter_async_context(open_store(settings))
        await refuse_unfinished(store, _place_of(settings))
        await refuse_unknown_events(store, codec, checkpoints)
        clock = SystemClock(await _last_decided_us(store, codec))
        minding = asyncio.create_task(
            kept_running(lambda: watch_the_clock(clock, health), health=health, part=CLOCK),
            name="watch on the clock",
        )
        stack.callback(minding.cancel)
        reads = await stack.enter_async_context(
            open_reads(settings, store, codec, clock, health, tracing.spans)
        )
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
            ids=ids,
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
        destinations = Destinations(own_machine=settings.for_this_machine, private=settings.webhooks_private)
        signer, outbox = Signer(folder.webhook_key()), SqliteOutbox(settings.notices_file)
        sender = HttpSender(destinations, signer, clock, tracing.headers)
        for kept in (outbox, sender):
            stack.push_async_callback(kept.close)
        deliveries = Deliveries(
            exchange.webhooks, outbox, tracing.sender(sender), SystemTimer(clock), worded, health
        )
        telling = Telling(store, codec, exchange.webhooks, outbox, [LogLine(), deliveries], health)
        founded = await founded_at_us(store, codec)
        identity = folder.identity(str(founded))
        cache = await stack.enter_async_context(
            open_cache(settings.redis_url, exchange=str(founded), health=health)
        )
        used = await stack.enter_async_context(
            open_used_signatures(settings.redis_url, exchange=str(founded), health=health)
        )
        sessions, attempts = await stack.enter_async_context(
            open_sessions(settings.redis_url, exchange=str(founded))
        )
        accounts = Accounts(exchange.directory, exchange.keys.in_force, TimeOrderedIds(), Argon2Passwords())
        stack.push_async_callback(accounts.close)
        http = http_settings(settings)
        limits = await stack.enter_async_context(
            open_limits(
                settings.rate_limits,
                settings.redis_url,
                exchange=str(founded),
                health=health,
                here=notes.buckets if notes else None,
            )
        )
        screen, traffic = open_screen(settings.firewall), Traffic(tuple(RouteClass))
        cached = CachedAnswers(reads.models, cache, reads.changes)
        watch = Watch(
            exchange,
            traffic,
            reads.stats,
            reads.audit,
            slos=read_objectives(settings.slos),
            measurements=settings.measurements_file,
            surveillance=surveillance_rules(settings.surveillance),
            log=store,
            codec=codec,
            clock=clock,
        )
        port = make_port(
            exchange,
            reads.models,
            clock=SystemClock(),
            event_schemas=event_schemas,
            traffic=traffic,
            watch=watch,
            scrapers=Scrapers(settings.metrics_token or folder.metrics_token()),
            projector=reads.stats,
            cached=cached,
            used=used,
            identity=identity,
            visitors=Visitors(
                accounts=accounts, sessions=sessions, attempts=attempts, clock=clock, settings=http
            ),
            settings=http,
            destinations=destinations,
            webhook_key=signer.public_key,
            limits=limits,
            screen=screen,
            latest=notes,
            ahead_us=lambda: clock.ahead_us,
        )
        watch.add(
            Caches({"answers": cached.counts, "books": port.books.counts}),
            ReadModelFigures(reads.stats, clock),
            Notices(deliveries),
        )
        watch.add(*(part for part in (limits, screen and screen.firewall) if part))
        watch.add(*await stack.enter_async_context(watching_queues(settings.redis_url, health)))
        warmer = make_warmer(port)
        stack.push_async_callback(warmer.close)
        feed = Feed(
            board=reads.board,
            log=store,
            codec=codec,
            past=exchange.past,
            reads=reads.models,
            keys=exchange.keys.in_force,
            sessions=sessions,
            clock=clock,
            health=health,
            look=partial(overview_here, port),
            exempt=limits.rules.exempt if limits else LOOPBACK,
        )
        watch.add(feed)
        await stack.enter_async_context(feed.running())
        tracing.feed(reads.board)
        presage = Presage(
            settings=settings,
            folder=folder,
            identity=identity,
            store=store,
            codec=codec,
            exchange=exchange,
            reads=reads.models,
            changes=reads.changes,
            cached=cached,
            warmer=warmer,
            telling=telling,
            deliveries=deliveries,
            watch=watch,
            feed=feed,
            port=port,
            engines=engines,
            checkpoints=checkpoints,
            app=tracing.requests(create_app(port, feed=feed, more_routes=page_routes())),
            tracing=tracing,
        )
        stack.push_async_callback(presage.hush)
        yield presage


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


@asynccontextmanager
async def open_snapshots(settings: Settings) -> AsyncIterator[Snapshots]:
    """Open the snapshots that the settings name."""
    if settings.event_store == "memory":
        yield MemorySnapshots()
        return
    snapshots = SqliteSnapshots(settings.snapshots_file)
    try:
        yield snapshots
    finally:
        await snapshots.close()


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


@asynccontextmanager
async def open_source(place: str) -> AsyncIterator[ReadableLog]:
    """Open a store by where it is, as :func:`open_place` does, for reading: nothing there is written."""
    if "://" in place:
        async with open_place(place) as store:
            yield store
    elif place.endswith(".db"):
        view = SqliteLogView.open(Path(place))
        try:
            yield view
        finally:
            await view.close()
    else:
        folder = FileLogView.open(Path(place))
        try:
            yield folder
        finally:
            await folder.close()


@asynccontextmanager
async def open_place(place: str) -> AsyncIterator[EventStore]:
    """Open a store by where it is: an EventStoreDB's address, an SQLite file (``*.db``), a folder of text."""
    store: EventStore
    if re.match(EVENTSTOREDB, place):
        store = await _connect(place)
    elif place.endswith(".db"):
        store = SqliteEventStore.open(Path(place))
    else:
        store = FileEventStore.open(Path(place))
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def new_place(place: str) -> AsyncIterator[EventStore]:
    """Open a store to be filled. A file or folder has its name only once the block has ended well.

    A store that is there already says so in itself, if it is empty.
    """
    path = Path(place)
    if re.match(EVENTSTOREDB, place) or is_there(path):
        async with open_place(place) as store:
            await refuse_unless_empty(store, EXCHANGE_EVENTS)
            async with marked_unfinished(store):
                yield store
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = ProcessLock(path.with_name(f"{path.name}.lock"))
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        remove_what_is_left(unfinished)
        embedded = SqliteEventStore if place.endswith(".db") else FileEventStore
        filled = embedded.open(unfinished)
        try:
            yield filled
        finally:
            await filled.close()
        unfinished.rename(path)
        sync_folder(path.parent)
        remove_what_is_left(unfinished)
    finally:
        lock.release()


def _place_of(settings: Settings) -> str:
    """Return where the log of the settings is, as people are told."""
    sqlite = settings.event_store == "sqlite"
    return str(settings.log_file) if sqlite else without_secrets(settings.event_store)


async def _connect(uri: str, *, reading: bool = False) -> EventStore:
    from adapters.event_stores.eventstoredb import EventStoreDBStore  # noqa: PLC0415 (gRPC takes long to load)
    from adapters.event_stores.eventstoredb_address import refuse_default_password  # noqa: PLC0415

    refuse_default_password(uri)

    return await EventStoreDBStore.connect(uri, reading=reading)


def make_codec(tracing: Untraced | None = None) -> EventCodec:
    """Return the codec of a process that writes events, and reads most of them again."""
    codec = JsonCodec()
    return RememberingCodec(tracing.codec(codec) if tracing else codec)
