"""``presage market``: listing markets and running their lives."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.client import ADMIN_API, PAGE, TRADE_API, connect, named
from adapters.cli.market_views import market_view, markets_view, preview_view
from adapters.cli.options import AsOf, Data, Json
from adapters.cli.output import show
from adapters.cli.times import as_of
from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Markets: list them, look at them, run their lives.")

Ticker = Annotated[str, typer.Argument(metavar="TICKER", help="The market, for example FED-27MAR-CUT.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Outcome = Annotated[str, typer.Option("--result", help="yes or no.", metavar="RESULT")]
Evidence = Annotated[str, typer.Option(help="What says so.")]
Seen = Annotated[
    int | None,
    typer.Option(
        "--market-version",
        min=0,
        metavar="N",
        help="Only if the market is as `preview` showed it: its version.",
    ),
]


@app.command()
def create(
    ticker: Ticker,
    *,
    title: Annotated[str, typer.Option(help="The question.")],
    rules: Annotated[str, typer.Option(help="How it will be decided.")] = "",
    category: Annotated[str, typer.Option(help="A word to sort it under.")] = "",
    group: Annotated[str | None, typer.Option(help="The group of markets that it joins.")] = None,
    tick: Annotated[str, typer.Option(help="The price grid, in dollars.")] = "0.01",
    lowest: Annotated[str, typer.Option("--min-price", help="The lowest yes price, in dollars.")] = "0.0001",
    highest: Annotated[
        str, typer.Option("--max-price", help="The highest yes price, in dollars.")
    ] = "0.9999",
    limit: Annotated[str | None, typer.Option("--position-limit", help="The most of one side.")] = None,
    fee_bps: Annotated[
        int, typer.Option("--taker-fee-bps", min=0, help="Takers pay this / 10,000 x p x (1 - p) a contract.")
    ] = 0,
    parent: Annotated[str | None, typer.Option("--if", help="Conditional on this market ...")] = None,
    required: Annotated[str, typer.Option("--if-result", help="... ending yes or no.")] = "yes",
    activate: Annotated[bool, typer.Option(help="Let trading begin at once.")] = True,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List a market, open for trading unless --no-activate is said."""
    body: dict[str, Any] = {
        "ticker": ticker,
        "title": title,
        "rules": rules,
        "category": category,
        "tick_size_dollars": tick,
        "price_min_dollars": lowest,
        "price_max_dollars": highest,
        "activate": activate,
    }
    if group is not None:
        body["group_id"] = group
    if limit is not None:
        body["position_limit_fp"] = limit
    if fee_bps:
        body["fees"] = {"taker": {"quadratic_bps": fee_bps}}
    if parent is not None:
        body["condition"] = {"parent_ticker": parent, "required_result": required}
    _operate(data, ticker, "/markets", body, as_json=as_json)


@app.command("list")
def list_markets(
    *,
    status: Annotated[
        str, typer.Option(help="unopened, open, paused, closed or settled.", metavar="STATUS")
    ] = "",
    group: Annotated[str, typer.Option(help="Only the markets of this group.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List markets with their best prices."""
    answer = asyncio.run(_list(Settings.from_environment(data=data), status, group))
    show(answer, as_json=as_json, view=lambda: markets_view(answer["markets"]))


async def _list(settings: Settings, status: str, group: str) -> dict[str, Any]:
    async with connect(settings) as exchange:
        query = {"status": status, "event_ticker": group}
        return {"markets": await exchange.list_all(f"{TRADE_API}/markets", "markets", query)}


@app.command()
def search(
    text: Annotated[str, typer.Argument(metavar="WORDS", help="Words of the question, in any order.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 20,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Find markets by words of their question, rules or category."""
    _found(data, "/search/markets", {"text": text, "limit": limit}, as_json=as_json)


@app.command("most-traded")
def most_traded(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 10,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the markets with the most volume in the last 24 hours."""
    _found(data, "/search/most_traded", {"limit": limit}, as_json=as_json)


def _found(data: Path | None, path: str, query: Mapping[str, Any], *, as_json: bool) -> None:
    answer = asyncio.run(_ask(Settings.from_environment(data=data), path, query))
    document = {"markets": answer["markets"]}
    show(document, as_json=as_json, view=lambda: markets_view(document["markets"]))


async def _ask(settings: Settings, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
    async with connect(settings) as exchange:
        return await exchange.get(f"{TRADE_API}{path}", query)


@app.command("show")
def show_market(
    ticker: Ticker,
    *,
    depth: Annotated[int, typer.Option(min=1, help="How many levels of the book.")] = 10,
    then: AsOf = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show a market and its order book."""
    answer = asyncio.run(_show(Settings.from_environment(data=data), ticker, depth, as_of(then)))
    show(answer, as_json=as_json, view=lambda: market_view(answer["market"], answer["orderbook"]))


async def _show(settings: Settings, ticker: str, depth: int, then: Mapping[str, str]) -> dict[str, Any]:
    path = f"{TRADE_API}/markets/{named(ticker)}"
    async with connect(settings) as exchange:
        market = await exchange.get(path, then)
        book = await exchange.get(f"{path}/orderbook", {"depth": depth, **then})
    return {"market": market["market"], "orderbook": book["orderbook"]}


@app.command()
def activate(ticker: Ticker, *, data: Data = None, as_json: Json = False) -> None:
    """Let trading begin."""
    _operate(data, ticker, f"/markets/{named(ticker)}/activate", {}, as_json=as_json)


@app.command()
def pause(ticker: Ticker, *, reason: Reason = "", data: Data = None, as_json: Json = False) -> None:
    """Stop trading for a while; orders may still be cancelled."""
    _operate(data, ticker, f"/markets/{named(ticker)}/pause", {"reason": reason}, as_json=as_json)


@app.command()
def resume(ticker: Ticker, *, data: Data = None, as_json: Json = False) -> None:
    """Let trading go on."""
    _operate(data, ticker, f"/markets/{named(ticker)}/resume", {}, as_json=as_json)


@app.command()
def close(ticker: Ticker, *, data: Data = None, as_json: Json = False) -> None:
    """End trading."""
    _operate(data, ticker, f"/markets/{named(ticker)}/close", {}, as_json=as_json)


@app.command()
def link(
    ticker: Ticker,
    *,
    parent: Annotated[str, typer.Option("--if", help="The market it depends on.")],
    required: Annotated[str, typer.Option("--if-result", help="How that one must end: yes or no.")] = "yes",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a market conditional on another."""
    body = {"parent_ticker": parent, "required_result": required}
    _operate(data, ticker, f"/markets/{named(ticker)}/link", body, as_json=as_json)


@app.command()
def determine(
    ticker: Ticker,
    *,
    result: Outcome,
    evidence: Evidence = "",
    market_version: Seen = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """State the result of a closed market; it may still be disputed."""
    body = {"result": result, "evidence": evidence, **_seen(market_version)}
    _operate(data, ticker, f"/markets/{named(ticker)}/determine", body, as_json=as_json)


@app.command()
def dispute(ticker: Ticker, *, reason: Reason = "", data: Data = None, as_json: Json = False) -> None:
    """Contest a result."""
    _operate(data, ticker, f"/markets/{named(ticker)}/dispute", {"reason": reason}, as_json=as_json)


@app.command()
def finalize(
    ticker: Ticker, *, market_version: Seen = None, data: Data = None, as_json: Json = False
) -> None:
    """Let a result stand and pay the holders."""
    _operate(data, ticker, f"/markets/{named(ticker)}/finalize", _seen(market_version), as_json=as_json)


@app.command()
def resolve(
    ticker: Ticker,
    *,
    result: Outcome,
    evidence: Evidence = "",
    market_version: Seen = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Close, determine and finalize a market in one go."""
    body = {"result": result, "evidence": evidence, **_seen(market_version)}
    _operate(data, ticker, f"/markets/{named(ticker)}/resolve", body, as_json=as_json)


@app.command()
def void(
    ticker: Ticker,
    *,
    yes_price: Annotated[str, typer.Option(help="What a yes share pays, in dollars.")] = "0.50",
    reason: Reason = "",
    market_version: Seen = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """End a market without a result."""
    body = {"yes_price_dollars": yes_price, "reason": reason, **_seen(market_version)}
    _operate(data, ticker, f"/markets/{named(ticker)}/void", body, as_json=as_json)


@app.command()
def preview(
    ticker: Ticker,
    *,
    void_price: Annotated[str, typer.Option(help="What a yes share would pay in a void.")] = "0.50",
    unwind_after: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Take back only trades after this; by itself all of them."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show what each ending would pay, and to whom, before one is taken."""
    query = {"void_price_dollars": void_price}
    if unwind_after is not None:
        query["unwind_after_ts"] = as_of(unwind_after)["as_of_ts"]
    answer = asyncio.run(_preview(Settings.from_environment(data=data), ticker, query))
    show(answer, as_json=as_json, view=lambda: preview_view(answer))


async def _preview(settings: Settings, ticker: str, query: Mapping[str, str]) -> dict[str, Any]:
    path = f"{ADMIN_API}/markets/{named(ticker)}/preview"
    async with connect(settings) as exchange:
        key = exchange.operator_key()
        first = await exchange.get(path, {**query, "limit": PAGE}, key=key)
        if first["cursor"]:
            rest = await exchange.list_all(path, "accounts", query, key=key, cursor=first["cursor"])
            first["accounts"].extend(rest)
    return {name: value for name, value in first.items() if name != "cursor"}


def _seen(market_version: int | None) -> dict[str, int]:
    return {} if market_version is None else {"market_version": market_version}


def _operate(data: Any, ticker: str, path: str, body: Mapping[str, Any], *, as_json: bool) -> None:
    """Send a command to a market and print how the market stands then."""
    answer = asyncio.run(_command(Settings.from_environment(data=data), ticker, path, body))
    show(answer, as_json=as_json, view=lambda: markets_view([answer["market"]]))


async def _command(settings: Settings, ticker: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    async with connect(settings) as exchange:
        written = await exchange.operate(path, body)
        market = await exchange.get(f"{TRADE_API}/markets/{named(ticker)}")
    return {"market": market["market"], "position": written["position"]}
