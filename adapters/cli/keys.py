"""``presage keys``: who may act for an account."""

import asyncio
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, connect, named
from adapters.cli.failures import Failure
from adapters.cli.key_choice import key_for
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show, table
from adapters.data_folder import DataFolder
from adapters.http.callers.signing import generate_key_pair
from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, help="API keys: who may act for an account.")

USUAL_SCOPES = ("read", "trade")

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.")]


@app.command()
def create(
    account: Account,
    *,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, trade or admin; may be repeated. [default: read, trade]"),
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is called.")] = "command line",
    strict: Annotated[
        bool, typer.Option("--strict", help="Signatures must cover the query and the body too.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a key pair for an account; the private key is kept in the data folder."""
    settings = Settings.from_environment(data=data)
    wanted = list(dict.fromkeys(scopes or USUAL_SCOPES))
    key = asyncio.run(_create(settings, account, wanted, name, strict=strict or settings.strict_keys))
    show(
        key,
        as_json=as_json,
        view=lambda: (
            f"[bold green]made[/] key {safe(key['key_id'])} of {safe(account)}\n"
            f"{safe(key['private_key_path'])}"
        ),
    )


async def _create(
    settings: Settings, account: str, scopes: list[str], name: str, *, strict: bool
) -> dict[str, Any]:
    private_pem, public_pem = generate_key_pair()
    async with connect(settings) as exchange:
        answer = await exchange.operate(
            f"/accounts/{named(account)}/api_keys",
            {"name": name, "public_key": public_pem, "scopes": scopes, "strict": strict},
        )
    key = DataFolder(settings.data).keep_key(
        answer["api_key_id"], account_id=account, scopes=scopes, private_pem=private_pem, strict=strict
    )
    return {**key.document(), "account_id": account, "scopes": scopes, "position": answer["position"]}


@app.command("list")
def list_keys(account: Account, *, data: Data = None, as_json: Json = False) -> None:
    """List the keys of an account that are in force."""
    settings = Settings.from_environment(data=data)
    answer = asyncio.run(_list(settings, account))
    rows = (
        (key["api_key_id"], key["name"], ", ".join(key["scopes"]), "yes" if key["here"] else "no")
        for key in answer["api_keys"]
    )
    show(answer, as_json=as_json, view=lambda: table(["key~", "name", "scopes", "private key here"], rows))


async def _list(settings: Settings, account: str) -> dict[str, Any]:
    folder = DataFolder(settings.data)
    async with connect(settings) as exchange:
        answer = await exchange.get(f"{TRADE_API}/api_keys", key=key_for(folder, account))
    here = {key.key_id for key in folder.held_keys()}
    return {"api_keys": [{**key, "here": key["api_key_id"] in here} for key in answer["api_keys"]]}


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke a key that was made here, and delete its private half."""
    settings = Settings.from_environment(data=data)
    asyncio.run(_revoke(settings, key_id))
    show({"key_id": key_id, "revoked": True}, as_json=as_json, view=lambda: f"revoked {safe(key_id)}")


async def _revoke(settings: Settings, key_id: str) -> None:
    folder = DataFolder(settings.data)
    async with connect(settings) as exchange:
        key = folder.key(key_id)
        if key is None:
            raise Failure("key_not_found", f"the private key of {key_id} is not in {settings.data}")
        await exchange.delete(f"{TRADE_API}/api_keys/{named(key_id)}", key=key)
    folder.forget_key(key_id)
