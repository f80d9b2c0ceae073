"""``presage export`` and ``presage import``: a log from one store to another, proved to be the same."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import show
from adapters.cli.progress import Steps
from adapters.data_folder import UNFINISHED, DataFolder
from adapters.event_stores.opening import new_place, open_log, open_source
from adapters.event_stores.unfinished_copies import refuse_unfinished
from adapters.settings import Settings, without_secrets
from application.ports.event_store import EventStore, LogReader
from application.streams import EXCHANGE_EVENTS
from application.transfer import Transferred, refuse_unless_empty, transfer_log

exporting = typer.Typer()
importing = typer.Typer()

EMBEDDED_IN_FLIGHT = 64
"""Embedded stores write in the order of calls, so that many appends may be under way."""

WHERE = "A file *.db (SQLite), a folder (JSON Lines), or the address of an EventStoreDB."


@exporting.command("export")
def export_log(
    target: Annotated[str, typer.Argument(metavar="TARGET", help=f"{WHERE} Must be empty.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy the log of the data folder to another store, then read both and compare.

    Works beside a running server; what happens meanwhile is left out.
    """
    settings = Settings.from_environment(data=data)
    _tell(asyncio.run(_export(settings, target, shown=not as_json)), target, as_json=as_json)


async def _export(settings: Settings, target: str, *, shown: bool) -> Transferred:
    async with open_log(settings) as log, new_place(target) as store:
        return await _transfer(log, store, embedded="://" not in target, shown=shown)


@importing.command("import")
def import_log(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=WHERE)],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy a log into an empty data folder, then read both and compare. Everything else is rebuilt from it.

    The operator gets a new key at the next start; traders keep theirs.
    """
    settings = Settings.from_environment(data=data)
    if "://" not in source and not Path(source).exists():
        raise Failure("transfer_refused", f"{source}: there is nothing here")
    done = asyncio.run(_import(settings, source, shown=not as_json))
    _tell(done, str(settings.data), as_json=as_json)


async def _import(settings: Settings, source: str, *, shown: bool) -> Transferred:
    embedded = settings.event_store == "sqlite"
    DataFolder(settings.data).prepare(log_here=embedded, importing=True)
    target = str(settings.log_file) if embedded else settings.event_store
    mark = settings.data / f"import{UNFINISHED}"
    async with open_source(source) as log, new_place(target) as store:
        await refuse_unfinished(log, without_secrets(source))
        # Only what is not an exchange already can become half of one.
        await refuse_unless_empty(store, EXCHANGE_EVENTS)
        mark.touch()
        done = await _transfer(log, store, embedded=embedded, shown=shown)
    mark.unlink()
    return done


async def _transfer(log: LogReader, store: EventStore, *, embedded: bool, shown: bool) -> Transferred:
    in_flight = EMBEDDED_IN_FLIGHT if embedded else 1
    with Steps(shown=shown) as steps:
        return await transfer_log(
            log,
            store,
            progress=lambda copied: steps.reached("events", copied),
            in_flight=in_flight,
            matching=EXCHANGE_EVENTS,
        )


def _tell(done: Transferred, target: str, *, as_json: bool) -> None:
    document = {
        "target": without_secrets(target),
        "events": done.events,
        "streams": done.streams,
        "sha256": done.digest,
    }
    show(
        document,
        as_json=as_json,
        view=lambda: (
            f"{done.events:,} events of {done.streams:,} streams copied; both are sha256 {done.digest}"
        ),
    )
