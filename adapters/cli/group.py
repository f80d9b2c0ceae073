"""``presage group``: markets of which exactly one ends yes."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, connect, named
from adapters.cli.market_views import markets_view
from adapters.cli.options import Data, Json
from adapters.cli.output import show, table
from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Groups of markets of which exactly one ends yes.")

GroupId = Annotated[str, typer.Argument(metavar="GROUP", help="The group, for example FED-27MAR.")]
Winner = Annotated[str, typer.Option("--winner", metavar="TICKER", help="The market that ends yes.")]
Evidence = Annotated[str, typer.Option(help="What says so.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@app.command()
def create(
    group: GroupId,
    *,
    title: Annotated[str, typer.Option(help="The question its markets answer.")],
    category: Annotated[str, typer.Option(help="A word to sort it under.")] = "",
    series: Annotated[str | None, typer.Option(help="The series it belongs to.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List a group; its markets join it when they are created."""
    body = {"group_id": group, "title": title, "category": category}
    if series is not None:
        body["series"] = series
    _operate(data, group, "/groups", body, as_json=as_json)


@app.command("list")
def list_groups(*, data: Data = None, as_json: Json = False) -> None:
    """List groups."""
    answer = asyncio.run(_list(Settings.from_environment(data=data)))
    rows = (
        (event["event_ticker"], event["title"], event["lifecycle_status"], len(event["market_tickers"]))
        for event in answer["events"]
    )
    show(answer, as_json=as_json, view=lambda: table(["group", "question~", "status", "markets#"], rows))


async def _list(settings: Settings) -> dict[str, Any]:
    async with connect(settings) as exchange:
        return {"events": await exchange.list_all(f"{TRADE_API}/events", "events", {})}


@app.command()
def determine(
    group: GroupId, *, winner: Winner, evidence: Evidence = "", data: Data = None, as_json: Json = False
) -> None:
    """State which market is yes; all of the group's markets close."""
    body = {"winner_ticker": winner, "evidence": evidence}
    _operate(data, group, f"/groups/{named(group)}/determine", body, as_json=as_json)


@app.command()
def dispute(group: GroupId, *, reason: Reason = "", data: Data = None, as_json: Json = False) -> None:
    """Contest a group's result."""
    _operate(data, group, f"/groups/{named(group)}/dispute", {"reason": reason}, as_json=as_json)


@app.command()
def finalize(group: GroupId, *, data: Data = None, as_json: Json = False) -> None:
    """Let a group's result stand in all its markets at once."""
    _operate(data, group, f"/groups/{named(group)}/finalize", {}, as_json=as_json)


@app.command()
def resolve(
    group: GroupId, *, winner: Winner, evidence: Evidence = "", data: Data = None, as_json: Json = False
) -> None:
    """Determine and finalize a group in one go."""
    body = {"winner_ticker": winner, "evidence": evidence}
    _operate(data, group, f"/groups/{named(group)}/resolve", body, as_json=as_json)


@app.command()
def void(group: GroupId, *, reason: Reason = "", data: Data = None, as_json: Json = False) -> None:
    """End every market of a group without a result."""
    _operate(data, group, f"/groups/{named(group)}/void", {"reason": reason}, as_json=as_json)


def _operate(data: Any, group: str, path: str, body: Mapping[str, Any], *, as_json: bool) -> None:
    """Send a command to a group and print how its markets stand then."""
    answer = asyncio.run(_command(Settings.from_environment(data=data), group, path, body))
    show(answer, as_json=as_json, view=lambda: markets_view(answer["markets"]))


async def _command(settings: Settings, group: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    async with connect(settings) as exchange:
        written = await exchange.operate(path, body)
        found = await exchange.get(f"{TRADE_API}/events/{named(group)}")
    return {"event": found["event"], "markets": found["markets"], "position": written["position"]}
