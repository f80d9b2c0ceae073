"""``presage partitions``: the months that ended orders are kept by, in PostgreSQL."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import safe, show, table
from adapters.cli.times import time_text
from adapters.read_models.postgres.connections import SCHEMA, connect, migrate
from adapters.read_models.postgres.partitions import MONTHS_AHEAD, Part, detach, make_ahead, parts
from adapters.settings import Settings

app = typer.Typer()


@app.command()
def partitions(
    *,
    ahead: Annotated[int, typer.Option(min=0, max=120, help="Months to make ahead.")] = MONTHS_AHEAD,
    detach_before: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Take older months out of the table.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the coming months of the orders table, take old ones out of it, and list what there is.

    For the database that DATABASE_URL names; beside running servers. Detached months stay in the database
    as tables of their own, to be archived or dropped; a rebuild brings their orders back from the log.
    """
    address = Settings.from_environment().database_url
    if address is None:
        raise Failure(
            "no_database", "only PostgreSQL has partitions", details="set DATABASE_URL to the read models'"
        )
    before = None if detach_before is None else _month(detach_before)
    made, detached, found = asyncio.run(_tend(address, ahead, before))
    document = {
        "made": list(made),
        "detached": list(detached),
        "partitions": [_document(part) for part in found],
    }
    show(document, as_json=as_json, view=lambda: _view(document))


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a month such as 2026-01") from error


async def _tend(
    address: str, ahead: int, before: datetime | None
) -> tuple[Sequence[str], Sequence[str], Sequence[Part]]:
    await migrate(address, SCHEMA)
    async with await connect(address, SCHEMA) as connection:
        made = await make_ahead(connection, months=ahead)
        try:
            detached = [] if before is None else await detach(connection, before)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return made, detached, await parts(connection)


def _document(part: Part) -> dict[str, Any]:
    return asdict(part) | {
        "since": None if part.since_us is None else time_text(part.since_us),
        "until": None if part.until_us is None else time_text(part.until_us),
    }


def _view(document: dict[str, Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    said = [safe(f"{word}: {', '.join(document[word])}") for word in ("made", "detached") if document[word]]
    rows = (
        (part["name"], part["since"], part["until"], f"{part['rows']:,}", f"{part['bytes'] // 1024:,} kB")
        for part in document["partitions"]
    )
    return Group(*said, table(["partition", "placed since", "until", "rows (about)#", "size#"], rows))
