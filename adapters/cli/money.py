"""``presage deposit`` and ``presage withdraw``: money that comes in and goes out."""

import asyncio
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from adapters.cli.client import connect, named
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show
from adapters.settings import Settings

deposits = typer.Typer()
withdrawals = typer.Typer()

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In dollars, for example 250 or 99.50.")]
Reference = Annotated[
    str | None, typer.Option(help="A name for the transfer; the same one counts once. [default: a new one]")
]


@deposits.command()
def deposit(
    account: Account, amount: Amount, *, reference: Reference = None, data: Data = None, as_json: Json = False
) -> None:
    """Credit an account with money from outside."""
    _transfer("deposits", account, amount, reference, data, as_json=as_json)


@withdrawals.command()
def withdraw(
    account: Account, amount: Amount, *, reference: Reference = None, data: Data = None, as_json: Json = False
) -> None:
    """Pay out money of an account that is not reserved or locked."""
    _transfer("withdrawals", account, amount, reference, data, as_json=as_json)


def _transfer(
    kind: str, account: str, amount: str, reference: str | None, data: Path | None, *, as_json: bool
) -> None:
    body = {"amount_dollars": amount, "reference": str(uuid4()) if reference is None else reference}
    answer = asyncio.run(
        _send(Settings.from_environment(data=data), f"/accounts/{named(account)}/{kind}", body)
    )
    done = "deposited for" if kind == "deposits" else "withdrawn from"
    show(
        {"account_id": account, **body, "position": answer["position"]},
        as_json=as_json,
        view=lambda: f"${safe(amount)} {done} {safe(account)}",
    )


async def _send(settings: Settings, path: str, body: dict[str, str]) -> dict[str, Any]:
    async with connect(settings) as exchange:
        return await exchange.operate(path, body)
