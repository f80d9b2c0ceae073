"""``presage why``: back from an order, or from a cent, to the command behind it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from adapters.cli.client import TRADE_API, connect, named
from adapters.cli.key_choice import trading_key
from adapters.cli.options import Account, Data, Json
from adapters.cli.output import show, table
from adapters.data_folder import DataFolder
from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Why an order ended as it did, why a cent moved.")


@app.command()
def order(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    *,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show all that became of an order: command, events, ledger entries, settlement."""
    _show(data, account, f"orders/{named(order_id)}", as_json=as_json)


@app.command()
def entry(
    revision: Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="The entry's revision.")],
    *,
    account: Account = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show why an entry of the account's ledger moved its money."""
    _show(data, account, str(revision), as_json=as_json)


def _show(data: Any, account: str | None, path: str, *, as_json: bool) -> None:
    answer = asyncio.run(_ask(Settings.from_environment(data=data), account, path))
    show(answer, as_json=as_json, view=lambda: _view(answer["chain"]))


async def _ask(settings: Settings, account: str | None, path: str) -> dict[str, Any]:
    async with connect(settings) as exchange:
        key = trading_key(DataFolder(settings.data), account)
        if path.isdigit():
            path = f"ledger/{named(key.account_id)}/{path}"
        return await exchange.get(f"{TRADE_API}/why/{path}", key=key)


def _view(chain: Sequence[Mapping[str, Any]]) -> RenderableType:
    return table(["position#", "at", "what", "where", "because of", "how~"], map(_row, chain))


def _row(step: Mapping[str, Any]) -> list[object]:
    cause = step["because_of"]
    because = f"{cause['stream']}@{cause['revision']}" if cause else step["caused_by"] or step["command_id"]
    how = ", ".join(f"{name} {value}" for name, value in step["data"].items() if value != "0.000000")
    return [
        step["position"],
        step["at_time"][:23],
        step["type"],
        f"{step['stream']}@{step['revision']}",
        because,
        how,
    ]
