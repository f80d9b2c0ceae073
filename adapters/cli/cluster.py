"""``presage cluster``: which engines share an exchange, and what each of them owns."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from adapters.bootstrap import make_codec
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, safe, say, show, table
from adapters.cli.queue import queues_in, queues_view
from adapters.cli.roles import refuse_alone
from adapters.clock import SystemClock
from adapters.engine_lines.opening import Running, running_engines
from adapters.event_stores.opening import open_log, open_store
from adapters.settings import Settings
from application.cluster.lag import lag
from application.cluster.membership import Membership, adding, change, handing_over, removing
from application.cluster.placement import Placement
from application.founding import founding_of
from application.hosting.open_markets import listed_markets
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore, LogReader, Position
from application.streams import ledger_stream, market_stream
from domain.cluster import ClusterState

app = typer.Typer(
    no_args_is_help=True, help="The engines that share an exchange: who they are, who owns what."
)

WAITING = ("entries_waiting", "commands_waiting", "notices_waiting")

Engine = Annotated[str, typer.Argument(metavar="NAME", help="The engine's name.")]
T = TypeVar("T")


@app.command()
def status(*, data: Data = None, as_json: Json = False) -> None:
    """Show the engines: what each owns, what waits for it, how far behind it is; and the queues.

    Each owns markets and accounts' partitions. Entries wait in Redis to be taken by it, commands in its
    mailboxes, notices to be sent. It is behind with what follows from events.
    """
    settings = _settings(data)
    document = asyncio.run(_status(settings))
    show(document, as_json=as_json, view=lambda: _view(document))


@app.command()
def add(name: Engine, *, data: Data = None, as_json: Json = False) -> None:
    """Have an engine take its share. What moves is handed over by those who own it now."""
    asyncio.run(
        _changed(_settings(data), lambda store, codec: change(store, codec, SystemClock(), adding(name)))
    )
    _done(f"{name} takes its share as soon as the others have handed it over", as_json=as_json)


@app.command()
def remove(
    name: Engine,
    *,
    lost: Annotated[
        bool,
        typer.Option("--lost", help="It does not run any more and never will: nobody waits for it."),
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Have an engine give everything to the others. It hands over by itself, and ends then."""
    asyncio.run(_changed(_settings(data), lambda store, codec: _remove(store, codec, name, lost=lost)))
    said = "is gone" if lost else "gives what it has to the others, and ends when it has"
    _done(f"{name} {said}", as_json=as_json)


async def _remove(store: EventStore, codec: EventCodec, name: str, *, lost: bool) -> None:
    clock, gone = SystemClock(), handing_over(name, lost=True)
    if lost:
        await change(store, codec, clock, gone)  # what it owes by an earlier change
    await change(store, codec, clock, removing(name))
    if lost:
        await change(store, codec, clock, gone)


def _settings(data: Any) -> Settings:
    settings = Settings.from_environment(data=data)
    refuse_alone(settings)
    return settings


async def _changed(settings: Settings, work: Callable[[EventStore, EventCodec], Awaitable[T]]) -> T:
    codec = make_codec()
    async with open_store(settings) as store:
        if await founding_of(store, codec) is None:
            raise Failure("no_exchange", "the log holds no exchange yet: the first engine founds it")
        return await work(store, codec)


def _done(said: str, *, as_json: bool) -> None:
    print_json({"done": said}) if as_json else say(safe(said))


async def _status(settings: Settings) -> dict[str, Any]:
    assert settings.redis_url is not None, "it was looked"
    codec = make_codec()
    async with open_log(settings) as log:
        founding = await founding_of(log, codec)
        if founding is None:
            raise Failure("no_exchange", "the log holds no exchange yet: the first engine founds it")
        membership = Membership(log, codec)
        await membership.look()
        placement, state = Placement(membership), membership.state
        markets = await listed_markets(log)
        owned = _owned(placement, state, [market_stream(ticker) for ticker in markets])
        partitions = _owned(
            placement, state, [ledger_stream(number) for number in range(founding.partitions)]
        )
        engines = sorted(state.members | state.owing)
        running = await running_engines(settings, log, codec, engines)
        return {
            "revision": state.revision,
            "markets": len(markets),
            "partitions": founding.partitions,
            "engines": [
                {
                    "engine": name,
                    "running": name in running,
                    "member": name in state.members,
                    "handing_over": name in state.owing,
                    "markets": owned[name],
                    "partitions": partitions[name],
                    **await _doing(running.get(name), log, codec),
                }
                for name in engines
            ],
            "queues": await queues_in(settings.redis_url),
        }


async def _doing(running: Running | None, log: LogReader, codec: EventCodec) -> dict[str, Any]:
    """Return what waits for an engine and how far it is behind; nothing is known of one that does not run."""
    told = running and running.doing
    behind = told and await lag(log, codec, Position(told.position), SystemClock().now_us())
    return {
        "entries_waiting": running and running.post,
        "commands_waiting": told and told.commands,
        "notices_waiting": told and told.notices,
        "lag_events": behind and behind.events,
        "lag_s": behind and round(behind.seconds, 3),
    }


def _owned(placement: Placement, state: ClusterState, streams: list[str]) -> "Counter[str]":
    return Counter(map(placement.owner, streams) if state.members else ())


def _view(document: dict[str, Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    rows = (
        (
            each["engine"],
            "yes" if each["running"] else "no",
            _standing(each),
            f"{each['markets']:,}",
            f"{each['partitions']:,}",
            *(_known(each[name]) for name in (*WAITING, "lag_events", "lag_s")),
        )
        for each in document["engines"]
    )
    engines = table(
        [
            *("engine", "runs", "standing", "markets#", "partitions#"),
            *("entries#", "commands#", "notices#", "events behind#", "seconds behind#"),
        ],
        rows,
    )
    return Group(engines, queues_view(document["queues"])) if document["queues"] else engines


def _known(figure: float | None) -> str:
    return "?" if figure is None else f"{figure:,}"


def _standing(engine: dict[str, Any]) -> str:
    if engine["handing_over"]:
        return "hands over" if engine["member"] else "leaves"
    return "member"
