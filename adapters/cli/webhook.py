"""``presage webhook``: where an account is told of its orders, and what could not be told there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, ExchangeClient, connect, named
from adapters.cli.key_choice import key_for
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show, table
from adapters.data_folder import DataFolder, HeldKey
from adapters.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Webhooks: where an account is told of its orders, and what did not reach it."
)

HOOKS = f"{TRADE_API}/portfolio/webhooks"

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name for the webhook.")]

Asking = Callable[[ExchangeClient, HeldKey], Awaitable[dict[str, Any]]]


def _ask(settings: Settings, account: str, asking: Asking) -> dict[str, Any]:
    """Ask something with the account's own key."""

    async def ask() -> dict[str, Any]:
        async with connect(settings) as exchange:
            return await asking(exchange, key_for(DataFolder(settings.data), account))

    return asyncio.run(ask())


@app.command("list")
def list_webhooks(account: Account, *, data: Data = None, as_json: Json = False) -> None:
    """List where an account is told."""
    settings = Settings.from_environment(data=data)
    answer = _ask(settings, account, lambda exchange, key: exchange.get(HOOKS, key=key))
    rows = (
        (
            each["name"],
            each["url"],
            "suspended" if each["suspended"] else f"since {each['since']}",
            str(each["undelivered"]),
        )
        for each in answer["webhooks"]
    )
    show(answer, as_json=as_json, view=lambda: table(["name", "url", "told", "undelivered"], rows))


@app.command("set")
def set_webhook(
    account: Account,
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where notices are sent.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Tell an account of its orders at an address, from now on."""
    settings = Settings.from_environment(data=data)
    path = f"{HOOKS}/{named(name)}"
    answer = _ask(settings, account, lambda exchange, key: exchange.put(path, {"url": url}, key=key))
    show(answer, as_json=as_json, view=lambda: f"{safe(account)} is told at {safe(url)}")


@app.command()
def remove(account: Account, name: Name, *, data: Data = None, as_json: Json = False) -> None:
    """Tell an account no more at an address, and forget what did not reach it."""
    settings = Settings.from_environment(data=data)
    path = f"{HOOKS}/{named(name)}"
    answer = _ask(settings, account, lambda exchange, key: exchange.delete(path, key=key))
    show(answer, as_json=as_json, view=lambda: f"removed {safe(name)}")


@app.command()
def dead(account: Account, *, data: Data = None, as_json: Json = False) -> None:
    """List notices that did not reach an account's webhooks."""
    settings = Settings.from_environment(data=data)
    answer = _ask(settings, account, lambda exchange, key: exchange.get(f"{HOOKS}/undelivered", key=key))
    rows = (
        (each["notice_id"], each["webhook"], each["ticker"], str(each["tries"]), each["reason"])
        for each in answer["notices"]
    )
    show(answer, as_json=as_json, view=lambda: table(["notice~", "webhook", "market", "tries", "why"], rows))


@app.command()
def retry(
    account: Account,
    name: Name,
    notices: Annotated[
        list[str] | None, typer.Argument(metavar="[NOTICE]...", help="Which notices. [default: all]")
    ] = None,
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Send notices again that did not reach a webhook."""
    settings = Settings.from_environment(data=data)
    path, body = f"{HOOKS}/{named(name)}/retry", {"notice_ids": notices or []}
    answer = _ask(settings, account, lambda exchange, key: exchange.post(path, body, key=key))
    show(answer, as_json=as_json, view=lambda: f"sent to {safe(name)} again")
