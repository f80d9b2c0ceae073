"""``presage order``: trading."""

import asyncio
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, connect, named
from adapters.cli.key_choice import trading_key
from adapters.cli.options import Account, Data, Json
from adapters.cli.order_views import batch_view, order_view, orders_view
from adapters.cli.output import show
from adapters.cli.times import parse_time
from adapters.data_folder import DataFolder
from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Orders: place, change, cancel and list them.")

ORDERS = f"{TRADE_API}/portfolio/orders"
_US_PER_S = 1_000_000

OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]


@app.command()
def place(
    ticker: Annotated[str, typer.Argument(metavar="TICKER", help="The market.")],
    *,
    side: Annotated[str, typer.Option(help="yes or no.", metavar="SIDE")],
    count: Annotated[str, typer.Option(help="How many contracts, for example 10 or 2.50.")],
    price: Annotated[str | None, typer.Option(help="In dollars, in terms of the side: 0.62.")] = None,
    action: Annotated[str, typer.Option(help="buy or sell.")] = "buy",
    kind: Annotated[str, typer.Option("--type", help="limit, market or stop.")] = "limit",
    stop_price: Annotated[str | None, typer.Option(help="The last price that wakes a stop order.")] = None,
    time_in_force: Annotated[
        str | None, typer.Option("--tif", help="good_till_canceled, immediate_or_cancel or fill_or_kill.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Lapse at this time (ISO 8601).")] = None,
    post_only: Annotated[bool, typer.Option("--post-only", help="Refuse rather than trade at once.")] = False,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Never make the position larger.")
    ] = False,
    client_order_id: Annotated[
        str | None, typer.Option("--client-id", help="Your own name for it; the same one counts once.")
    ] = None,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Place an order."""
    expires_us = parse_time(expires)
    body = {
        "ticker": ticker,
        "side": side,
        "action": action,
        "count_fp": count,
        "type": kind,
        f"{'no' if side == 'no' else 'yes'}_price_dollars": price,
        "stop_price_dollars": stop_price,
        "time_in_force": time_in_force,
        "expiration_ts": None if expires_us is None else expires_us // _US_PER_S,
        "post_only": post_only or None,
        "reduce_only": reduce_only or None,
        "client_order_id": client_order_id,
    }
    answer = asyncio.run(_post(data, account, ORDERS, _said(body)))
    show(answer, as_json=as_json, view=lambda: order_view(answer["order"]))


@app.command()
def cancel(
    order_id: Annotated[str | None, typer.Argument(metavar="ORDER", help="The order's id.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All open orders.")] = False,
    ticker: Annotated[str | None, typer.Option(help="With --all: only those in this market.")] = None,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Cancel an order, or all of them."""
    if (order_id is None) != every:
        raise typer.BadParameter("name an order, or say --all")
    answer = asyncio.run(_cancel(Settings.from_environment(data=data), account, order_id, ticker))
    if order_id is None:
        show(answer, as_json=as_json, view=lambda: batch_view(answer["canceled"]))
    else:
        show(answer, as_json=as_json, view=lambda: order_view(answer["order"]))


async def _cancel(
    settings: Settings, account: str | None, order_id: str | None, ticker: str | None
) -> dict[str, Any]:
    async with connect(settings) as exchange:
        key = trading_key(DataFolder(settings.data), account)
        if order_id is None:
            return await exchange.delete(ORDERS, {"ticker": ticker}, key=key)
        return await exchange.delete(f"{ORDERS}/{named(order_id)}", key=key)


@app.command()
def amend(
    order_id: OrderId,
    *,
    price: Annotated[str | None, typer.Option(help="Another price, in terms of the order's side.")] = None,
    count: Annotated[str | None, typer.Option(help="Another size, what has filled included.")] = None,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change the price or size of an order; it goes to the back of its queue unless it only gets smaller."""
    answer = asyncio.run(_amend(Settings.from_environment(data=data), account, order_id, price, count))
    show(answer, as_json=as_json, view=lambda: order_view(answer["order"]))


async def _amend(
    settings: Settings, account: str | None, order_id: str, price: str | None, count: str | None
) -> dict[str, Any]:
    async with connect(settings) as exchange:
        key = trading_key(DataFolder(settings.data), account)
        order = (await exchange.get(f"{ORDERS}/{named(order_id)}", key=key))["order"]
        body = {f"{order['side']}_price_dollars": price, "count_fp": count}
        return await exchange.post(f"{ORDERS}/{named(order_id)}/amend", _said(body), key=key)


@app.command()
def decrease(
    order_id: OrderId,
    *,
    by: Annotated[str | None, typer.Option(help="By so many contracts ...")] = None,
    to: Annotated[str | None, typer.Option(help="... or to so many.")] = None,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an order smaller; it keeps its place in the queue."""
    body = {"reduce_by_fp": by, "reduce_to_fp": to}
    path = f"{ORDERS}/{named(order_id)}/decrease"
    answer = asyncio.run(_post(data, account, path, _said(body)))
    show(answer, as_json=as_json, view=lambda: order_view(answer["order"]))


@app.command("list")
def list_orders(
    *,
    status: Annotated[str, typer.Option(help="resting, canceled or executed.")] = "",
    ticker: Annotated[str, typer.Option(help="Only those in this market.")] = "",
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List an account's orders, newest first."""
    answer = asyncio.run(_list(Settings.from_environment(data=data), account, status, ticker))
    show(answer, as_json=as_json, view=lambda: orders_view(answer["orders"]))


async def _list(settings: Settings, account: str | None, status: str, ticker: str) -> dict[str, Any]:
    async with connect(settings) as exchange:
        key = trading_key(DataFolder(settings.data), account)
        query = {"status": status, "ticker": ticker}
        return {"orders": await exchange.list_all(ORDERS, "orders", query, key=key)}


async def _post(data: Any, account: str | None, path: str, body: dict[str, Any]) -> dict[str, Any]:
    settings = Settings.from_environment(data=data)
    async with connect(settings) as exchange:
        return await exchange.post(path, body, key=trading_key(DataFolder(settings.data), account))


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without what was not said."""
    return {name: value for name, value in body.items() if value is not None}
