"""``presage alerts``: unusual order flow, manipulation, and promises in danger."""

import asyncio
from typing import Any

import typer

from adapters.cli.client import ADMIN_API, connect
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import show, table
from adapters.data_folder import DataFolder
from adapters.settings import Settings

app = typer.Typer()


@app.command()
def alerts(*, data: Data = None, as_json: Json = False) -> None:
    """Show what operators have to know now, and what they had to know of late."""
    answer = asyncio.run(_read(Settings.from_environment(data=data)))
    told = [("now", each) for each in answer["active"]] + [("over", each) for each in answer["over"]]
    rows = (
        (when, each["concern"], each["subject"], each["since"], each["until"], each["message"])
        for when, each in told
    )
    columns = ["", "about", "subject", "since", "until", "what~"]
    show(
        answer, as_json=as_json, view=lambda: table(columns, rows) if told else "nothing to be alarmed about"
    )


async def _read(settings: Settings) -> dict[str, Any]:
    async with connect(settings) as exchange:
        key = DataFolder(settings.data).operator()
        if key is None:
            raise Failure("no_operator_key", f"there is no operator key in {settings.data}")
        return await exchange.get(f"{ADMIN_API}/alerts", key=key)
