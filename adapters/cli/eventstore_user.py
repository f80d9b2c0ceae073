"""``presage eventstore-user``: a user of Presage's own on EventStoreDB."""

import asyncio
import os
import re

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import print_json, safe, say
from adapters.event_stores.eventstoredb_user import GROUP, make_user
from adapters.settings import EVENTSTOREDB, Settings

app = typer.Typer()

ADMIN_PASSWORD = "EVENTSTORE_ADMIN_PASSWORD"  # noqa: S105 (the variable that holds it)


@app.command()
def eventstore_user(*, as_json: Json = False) -> None:
    """Make the user that PRESAGE_EVENT_STORE names on EventStoreDB, with the rights that Presage needs.

    May be repeated: the user then gets the password of the address. The password of EventStoreDB's admin is
    asked for, unless EVENTSTORE_ADMIN_PASSWORD holds it.
    """
    address = Settings.from_environment().event_store
    if not re.match(EVENTSTOREDB, address):
        raise Failure(
            "invalid_setting",
            "only EventStoreDB has users",
            details="set PRESAGE_EVENT_STORE to an address with the name and password of the user to be made",
        )
    admin = os.environ.get(ADMIN_PASSWORD) or typer.prompt(
        "Password of EventStoreDB's admin", hide_input=True
    )
    name = asyncio.run(make_user(address, admin))
    if as_json:
        print_json({"user": name, "group": GROUP})
    else:
        say(f"[bold green]{safe(name)}[/] of the group {GROUP} may read and write streams, and read $all")
