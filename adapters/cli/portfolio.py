"""``presage portfolio``: what an account has."""

import asyncio
from typing import Any

import typer
from rich.console import Group, RenderableType

from adapters.cli.client import PAGE, TRADE_API, connect
from adapters.cli.key_choice import trading_key
from adapters.cli.options import Account, Data, Json
from adapters.cli.order_views import orders_view
from adapters.cli.output import show, table
from adapters.data_folder import DataFolder
from adapters.settings import Settings

app = typer.Typer()

MONEY = ("balance", "reserved", "locked", "portfolio_value")
PORTFOLIO = f"{TRADE_API}/portfolio"


@app.command()
def portfolio(*, account: Account = None, data: Data = None, as_json: Json = False) -> None:
    """Show an account's money, positions and open orders."""
    answer = asyncio.run(_read(Settings.from_environment(data=data), account))
    show(answer, as_json=as_json, view=lambda: _view(answer))


async def _read(settings: Settings, account: str | None) -> dict[str, Any]:
    async with connect(settings) as exchange:
        key = trading_key(DataFolder(settings.data), account)
        shown = await exchange.get(PORTFOLIO, {"limit": PAGE}, key=key)
        positions = [*shown["market_positions"]]
        if cursor := shown["positions_cursor"]:
            positions += await exchange.list_all(
                f"{PORTFOLIO}/positions", "market_positions", {}, key=key, cursor=cursor
            )
        orders = [*shown["orders"]]
        if cursor := shown["orders_cursor"]:
            resting = {"status": "resting"}
            orders += await exchange.list_all(
                f"{PORTFOLIO}/orders", "orders", resting, key=key, cursor=cursor
            )
    return {
        "account_id": key.account_id,
        "balance": shown["balance"],
        "positions": positions,
        "open_orders": orders,
    }


def _view(answer: dict[str, Any]) -> RenderableType:
    balance = answer["balance"]
    money = table(
        ["account", "cash#", "reserved#", "locked#", "positions are worth#"],
        [[answer["account_id"], *(balance[f"{name}_dollars"] for name in MONEY)]],
    )
    columns = ["market", "yes#", "no#", "at stake#", "realised#", "unrealised#", "fees#"]
    positions = table(columns, (_row(position) for position in answer["positions"]))
    return Group(money, positions, orders_view(answer["open_orders"]))


def _row(position: dict[str, Any]) -> list[object]:
    names = (
        "ticker",
        "yes_count_fp",
        "no_count_fp",
        "market_exposure_dollars",
        "realized_pnl_dollars",
        "unrealized_pnl_dollars",
        "fees_paid_dollars",
    )
    return [position[name] for name in names]
