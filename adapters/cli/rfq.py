"""``presage rfq``: prices asked for beside the book."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, ExchangeClient, connect, named
from adapters.cli.key_choice import trading_key
from adapters.cli.market_views import price_text
from adapters.cli.options import Account, Data, Json
from adapters.cli.output import safe, show, table
from adapters.data_folder import DataFolder, HeldKey
from adapters.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Requests for quotes: ask, answer, accept and confirm beside the book."
)

REQUESTS = f"{TRADE_API}/communications/rfqs"
QUOTES = f"{TRADE_API}/communications/quotes"

Request = Annotated[str, typer.Argument(metavar="RFQ", help="The request's id.")]
Quote = Annotated[str, typer.Argument(metavar="QUOTE", help="The quote's id.")]

Asking = Callable[[ExchangeClient, HeldKey], Awaitable[Any]]


def _ask(data: Path | None, account: str | None, asking: Asking) -> Any:
    settings = Settings.from_environment(data=data)

    async def ask() -> Any:
        async with connect(settings) as exchange:
            return await asking(exchange, trading_key(DataFolder(settings.data), account))

    return asyncio.run(ask())


@app.command()
def create(
    ticker: Annotated[str, typer.Argument(metavar="TICKER", help="The market.")],
    *,
    count: Annotated[str | None, typer.Option(help="How many contracts, for example 10 or 2.50 ...")] = None,
    cost: Annotated[str | None, typer.Option(help="... or what they may cost in dollars.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="End your other requests in the market.")
    ] = False,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Ask makers for a price."""
    body = {"market_ticker": ticker, "contracts_fp": count, "target_cost_dollars": cost}
    body = {name: value for name, value in body.items() if value is not None}
    answer = _ask(
        data,
        account,
        lambda exchange, key: exchange.post(REQUESTS, {**body, "replace_existing": replace}, key=key),
    )
    show(answer, as_json=as_json, view=lambda: f"request {safe(answer['id'])}")


@app.command("list")
def list_requests(
    *,
    ticker: Annotated[str, typer.Option(help="Only those in this market.")] = "",
    status: Annotated[str, typer.Option(help="open or closed.")] = "",
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List requests for quotes, newest first."""
    query = {"market_ticker": ticker, "status": status}

    async def listed(exchange: ExchangeClient, key: HeldKey) -> Any:
        return {"rfqs": await exchange.list_all(REQUESTS, "rfqs", query, key=key)}

    answer = _ask(data, account, listed)
    rows = (
        (
            each["id"],
            each["market_ticker"],
            each["contracts_fp"] if each["contracts"] else f"${each['target_cost_dollars']}",
            each["cancellation_reason"] or each["status"],
            "yours" if each["creator_user_id"] else each["creator_id"][-12:],
        )
        for each in answer["rfqs"]
    )
    show(answer, as_json=as_json, view=lambda: table(["request~", "market", "for#", "status", "by"], rows))


@app.command()
def cancel(request: Request, *, account: Account = None, data: Data = None, as_json: Json = False) -> None:
    """End a request of your own."""
    answer = _ask(
        data, account, lambda exchange, key: exchange.delete(f"{REQUESTS}/{named(request)}", key=key)
    )
    show(answer, as_json=as_json, view=lambda: f"ended {safe(request)}")


@app.command()
def quote(
    request: Request,
    *,
    yes_bid: Annotated[str, typer.Option("--yes", help="What you bid for yes, in dollars.")] = "0",
    no_bid: Annotated[str, typer.Option("--no", help="What you bid for no, in dollars.")] = "0",
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Answer a request with what you would pay for yes, for no, or for either."""
    body = {"rfq_id": request, "yes_bid": yes_bid, "no_bid": no_bid}
    answer = _ask(data, account, lambda exchange, key: exchange.post(QUOTES, body, key=key))
    show(answer, as_json=as_json, view=lambda: f"quote {safe(answer['id'])}")


@app.command()
def quotes(
    *,
    request: Annotated[str, typer.Option("--rfq", help="Only those for this request.")] = "",
    status: Annotated[str, typer.Option(help="open, accepted, confirmed, executed or cancelled.")] = "",
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the quotes you gave or were given, newest first."""
    query = {"rfq_id": request, "status": status}

    async def listed(exchange: ExchangeClient, key: HeldKey) -> Any:
        return {"quotes": await exchange.list_all(QUOTES, "quotes", query, key=key)}

    answer = _ask(data, account, listed)
    rows = (
        (
            each["id"],
            each["market_ticker"],
            each["contracts_fp"],
            price_text(each["yes_bid_dollars"]),
            price_text(each["no_bid_dollars"]),
            f"{each['status']} {each['accepted_outcome'] or ''}".strip(),
            each["cancellation_reason"],
        )
        for each in answer["quotes"]
    )
    columns = ["quote~", "market", "contracts#", "yes#", "no#", "status", "why~"]
    show(answer, as_json=as_json, view=lambda: table(columns, rows))


@app.command()
def withdraw(quote_id: Quote, *, account: Account = None, data: Data = None, as_json: Json = False) -> None:
    """Take back a quote of your own."""
    answer = _ask(
        data, account, lambda exchange, key: exchange.delete(f"{QUOTES}/{named(quote_id)}", key=key)
    )
    show(answer, as_json=as_json, view=lambda: f"took back {safe(quote_id)}")


@app.command()
def accept(
    quote_id: Quote,
    *,
    side: Annotated[str, typer.Option(help="Whose bid you take: yes or no.", metavar="SIDE")],
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take one of a quote's bids: its maker comes to hold that side, and you the other."""
    path, body = f"{QUOTES}/{named(quote_id)}/accept", {"accepted_side": side}
    answer = _ask(data, account, lambda exchange, key: exchange.put(path, body, key=key))
    show(answer, as_json=as_json, view=lambda: f"accepted {safe(quote_id)}: its maker has yet to confirm it")


@app.command()
def confirm(quote_id: Quote, *, account: Account = None, data: Data = None, as_json: Json = False) -> None:
    """Stand by a quote of your own that was accepted; it trades at once."""
    path = f"{QUOTES}/{named(quote_id)}/confirm"
    answer = _ask(data, account, lambda exchange, key: exchange.put(path, {}, key=key))
    show(answer, as_json=as_json, view=lambda: f"{safe(quote_id)} has traded")
