"""``presage inspect``: the events as they stand in the log."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from adapters.cli.event_view import EventPrinter, StoredEvent
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.times import parse_time
from adapters.event_stores.opening import ReadableLog, open_log
from adapters.settings import Settings
from application.ports.event_store import START, Filter, Position, RecordedEvent

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events; whatever is empty or ``None`` admits all. Both ends of the time are included."""

    stream: str | None
    types: tuple[str, ...]
    since_us: int | None
    until_us: int | None
    correlation_id: str | None

    def admits(self, event: StoredEvent) -> bool:
        """Return whether an event is one of them."""
        return (
            (self.stream is None or event.stored.stream == self.stream)
            and (not self.types or event.stored.type in self.types)
            and (self.since_us is None or event.at_us >= self.since_us)
            and (self.until_us is None or event.at_us <= self.until_us)
            and (self.correlation_id is None or event.correlation_id == self.correlation_id)
        )

    @property
    def filter(self) -> Filter:
        """What the store can leave out by itself."""
        return Filter(stream_prefixes=(self.stream,) if self.stream else (), types=self.types)


@app.command()
def inspect(
    stream: Annotated[
        str | None, typer.Argument(help="A stream, for example market-FED-27MAR-CUT or ledger-00.")
    ] = None,
    *,
    whole: Annotated[bool, typer.Option("--all", help="The whole log, in order.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events.")] = False,
    kinds: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type; may be repeated.", metavar="TYPE")
    ] = None,
    since: Annotated[str | None, typer.Option(help="From this time on (ISO 8601).", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="Up to this time.", metavar="TIME")] = None,
    correlation: Annotated[
        str | None, typer.Option(help="Only what belongs to this command.", metavar="ID")
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N.", metavar="N")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show the events of a stream, or of the whole log with --all. Works beside a running server."""
    if (stream is None) != whole:
        raise typer.BadParameter("name a stream, or say --all")
    wanted = Wanted(
        stream=stream,
        types=tuple(kinds or ()),
        since_us=parse_time(since),
        until_us=parse_time(until),
        correlation_id=_uuid(correlation),
    )
    settings = Settings.from_environment(data=data)
    asyncio.run(_inspect(settings, wanted, last, follow=follow, as_json=as_json))


def _uuid(text: str | None) -> str | None:
    try:
        return None if text is None else str(UUID(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a correlation id") from None


async def _inspect(
    settings: Settings, wanted: Wanted, last: int | None, *, follow: bool, as_json: bool
) -> None:
    printer = EventPrinter(as_json=as_json)
    async with open_log(settings) as log:
        head = await log.head() if last else START
        if last:
            for event in reversed([event async for event in _last(log, wanted, last, head)]):
                printer.print(event)
        events = _following(log, wanted, head) if follow else _forwards(log, wanted)
        if follow or not last:
            async with aclosing(events):
                async for event in events:
                    printer.print(event)
        if not printer.printed:
            raise Failure("no_events", f"there are no such events in {settings.data}")


async def _forwards(log: ReadableLog, wanted: Wanted) -> AsyncGenerator[StoredEvent, None]:
    if wanted.stream is not None:
        async for stretch in log.read_stream(wanted.stream):
            for event in _chosen(stretch, wanted):
                yield event
    else:
        async for page in log.read_all(matching=wanted.filter):
            for event in _chosen(page.events, wanted):
                yield event


async def _last(
    log: ReadableLog, wanted: Wanted, last: int, head: Position
) -> AsyncGenerator[StoredEvent, None]:
    """Yield the last events up to ``head``, latest first."""
    left = last
    # From the end as such: a position that is no event's, like the one after the last, is nowhere.
    async for page in log.read_all(backwards=True, matching=wanted.filter):
        until = [event for event in page.events if event.position <= head]
        for event in _chosen(until, wanted)[:left]:
            left -= 1
            yield event
        if not left:
            return


async def _following(log: ReadableLog, wanted: Wanted, after: Position) -> AsyncGenerator[StoredEvent, None]:
    async with aclosing(log.subscribe(after=after, matching=wanted.filter)) as pages:
        async for page in pages:
            for event in _chosen(page.events, wanted):
                yield event


def _chosen(events: Sequence[RecordedEvent], wanted: Wanted) -> list[StoredEvent]:
    return [event for event in map(StoredEvent, events) if wanted.admits(event)]
