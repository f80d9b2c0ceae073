"""``presage audit``: bundles of a market's events that anybody can check."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.audit_bundle import verify_bundle, write_bundle
from adapters.bootstrap import make_codec
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show
from adapters.clock import SystemClock
from adapters.event_stores.opening import open_log
from adapters.settings import Settings
from domain.identifiers import Ticker

app = typer.Typer(no_args_is_help=True, help="Audit bundles: a market's events, to be checked by anybody.")

Market = Annotated[str, typer.Argument(metavar="MARKET", help="The market, for example FED-27MAR-CUT.")]
Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder that audit export wrote.")]


@app.command()
def export(
    market: Market,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder to write. [default: MARKET.audit]")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write a market's events with a chain of hashes, the hashes of its states, and a manifest."""
    folder = out or Path(f"{market}.audit")
    answer = asyncio.run(_export(Settings.from_environment(data=data), Ticker(market), folder))
    show(
        answer,
        as_json=as_json,
        view=lambda: (
            f"{answer['events']:,} events in {safe(folder)}; the chain ends in {answer['chain_head']}"
        ),
    )


async def _export(settings: Settings, ticker: Ticker, folder: Path) -> dict[str, Any]:
    async with open_log(settings) as log:
        done = await write_bundle(
            folder, ticker, reader=log, codec=make_codec(), now_us=SystemClock().now_us()
        )
    return {"bundle": str(folder), "ticker": ticker, "events": done.events, "chain_head": done.chain_head}


@app.command()
def verify(
    bundle: Bundle,
    *,
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="Where the chain ends, as published elsewhere.")
    ] = None,
    _data: Data = None,
    as_json: Json = False,
) -> int:
    """Check a bundle with nothing but the bundle. Exit status 1 when it is not as it was exported."""
    verdict = verify_bundle(bundle, make_codec())
    findings = list(verdict.findings)
    if not findings and head is not None and head != verdict.chain_head:
        findings.append(f"the chain ends in {verdict.chain_head}, not in the published {head}")
    document = {
        "bundle": str(bundle),
        "ticker": verdict.ticker,
        "events": verdict.events,
        "chain_head": verdict.chain_head,
        "findings": findings,
    }
    show(document, as_json=as_json, view=lambda: _view(document))
    return 1 if findings else 0


def _view(document: dict[str, Any]) -> str:
    if document["findings"]:
        return f"[bold red]not as it was exported:[/] {safe(document['findings'][0])}"
    return (
        f"[bold green]as it was exported[/]: {document['events']:,} events of {safe(document['ticker'])}; "
        f"the chain ends in {safe(document['chain_head'])}"
    )
