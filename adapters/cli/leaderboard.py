"""``presage leaderboard``: who made the most."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, connect
from adapters.cli.options import AsOf, Data, Json
from adapters.cli.output import show, table
from adapters.cli.times import as_of
from adapters.settings import Settings

app = typer.Typer()


@app.command()
def leaderboard(
    *,
    period: Annotated[
        str, typer.Option(help="day, week or month (the present one, in UTC) or all.", metavar="PERIOD")
    ] = "all",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 20,
    then: AsOf = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show the traders with the most profit, now or as it stood."""
    query = {"period": period, "limit": limit, **as_of(then)}
    answer = asyncio.run(_read(Settings.from_environment(data=data), query))
    rows = ((each["rank"], each["account_id"], each["profit_dollars"]) for each in answer["entries"])
    show(answer, as_json=as_json, view=lambda: table(["rank#", "account", "profit#"], rows))


async def _read(settings: Settings, query: Mapping[str, Any]) -> dict[str, Any]:
    async with connect(settings) as exchange:
        return await exchange.get(f"{TRADE_API}/leaderboard", query)
