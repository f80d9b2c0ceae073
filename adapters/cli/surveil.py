"""``presage surveil``: market manipulation in the log, each finding with the events it rests on."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from adapters.bootstrap import make_codec
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show, table
from adapters.cli.times import parse_time, time_text
from adapters.event_stores.opening import open_known_log
from adapters.settings import Settings
from adapters.surveillance.rules import ON, surveillance_rules
from application.streams import market_stream
from application.surveillance.finding import Finding
from application.surveillance.past import Span, surveil
from application.surveillance.surveillance import Surveillance
from domain.identifiers import Ticker

app = typer.Typer()


@app.command("surveil")
def surveil_log(
    *,
    first: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From when on. [default: the beginning]")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Up to when. [default: the end]")
    ] = None,
    market: Annotated[str | None, typer.Option(metavar="TICKER", help="In one market only.")] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Rules. [default: $PRESAGE_SURVEILLANCE, or the usual]"),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Look for market manipulation in the log: who, where, when, by which rule and because of which events.

    Works on a folder at rest and beside a running server. The same log gives the same findings.
    """
    settings = Settings.from_environment(data=data, surveillance=rules and str(rules))
    span = Span(first_us=parse_time(first), last_us=parse_time(last))
    if span.first_us is not None and span.last_us is not None and span.first_us > span.last_us:
        raise typer.BadParameter(f"{first} is later than {last}")
    found, surveillance = asyncio.run(_surveil(settings, span, None if market is None else Ticker(market)))
    document = {
        "events": surveillance.events,
        "forgotten": surveillance.forgotten,
        "rules": dict(surveillance.found),
        "findings": [_document(finding) for finding in found],
    }
    show(document, as_json=as_json, view=lambda: _view(found, surveillance))


async def _surveil(
    settings: Settings, span: Span, market: Ticker | None
) -> tuple[list[Finding], Surveillance]:
    # What a running exchange leaves alone can be looked for here all the same.
    wanted = ON if settings.surveillance == "off" else settings.surveillance
    surveillance = Surveillance(surveillance_rules(wanted))
    async with open_known_log(settings) as log:
        if market is not None:
            async for _ in log.read_stream(market_stream(market), limit=1):
                break
            else:
                raise Failure("not_found", f"there is no market {market} in the log")
        found = [finding async for finding in surveil(log, make_codec(), surveillance, span, market)]
    return found, surveillance


def _document(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity.value,
        "action": finding.rule.action.value,
        "market": finding.market,
        "accounts": finding.accounts,
        "at": time_text(finding.at_us),
        "value": finding.value,
        "threshold": finding.rule.threshold,
        "window_s": finding.rule.window_s,
        "figures": finding.figures,
        "explanation": finding.explanation,
        "events": [{"stream": ref.stream, "revision": ref.revision} for ref in finding.evidence],
    }


def _view(found: Sequence[Finding], surveillance: Surveillance) -> RenderableType:
    rows = (
        (
            time_text(each.at_us)[:23],
            each.rule.id,
            each.rule.severity.value,
            each.market,
            " ".join(each.accounts),
            each.value,
            each.rule.threshold,
            f"{each.explanation}; see {each.evidence[-1]}",
        )
        for each in found
    )
    columns = ["at", "rule", "severity", "market", "accounts~", "value#", "threshold#", "why~"]
    counted = f"{len(found):,} findings in {surveillance.events:,} events"
    return Group(table(columns, rows), safe(counted)) if found else counted
