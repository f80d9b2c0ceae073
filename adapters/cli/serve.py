"""``presage serve``: an exchange on one data folder."""

import asyncio
import errno
from contextlib import AsyncExitStack, suppress
from typing import Annotated

import typer
import uvloop

from adapters.bootstrap import Presage, open_presage
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json
from adapters.cli.process import begin_logging, cancel_on_signal
from adapters.cli.welcome import welcome
from adapters.data_folder import HeldKey
from adapters.demo.opening import demonstration
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.serving.serving import serving
from adapters.settings import ProjectorPlace, Settings
from adapters.threads import give_way_soon

app = typer.Typer()


@app.command()
def serve(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Open with markets, traders, and a funded account to try.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="[default: $PRESAGE_HOST, or 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(help="0 takes a free one. [default: $PRESAGE_PORT, or 8000]")
    ] = None,
    projector: Annotated[
        ProjectorPlace | None,
        typer.Option(help="Where read models are made. [default: $PRESAGE_PROJECTOR, or inside]"),
    ] = None,
    open_orders_max: Annotated[
        int | None,
        typer.Option(
            help="Most open orders of an account in a market. [default: $PRESAGE_OPEN_ORDERS_MAX, or 100000]"
        ),
    ] = None,
    stop_orders_max: Annotated[
        int | None,
        typer.Option(
            help="Most waiting stops of an account in a market. [default: $PRESAGE_STOP_ORDERS_MAX, or 10000]"
        ),
    ] = None,
    order_groups_max: Annotated[
        int | None,
        typer.Option(help="Most order groups of an account. [default: $PRESAGE_ORDER_GROUPS_MAX, or 1000]"),
    ] = None,
    keys_max: Annotated[
        int | None, typer.Option(help="Most API keys of an account. [default: $PRESAGE_KEYS_MAX, or 100]")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run an exchange until it is interrupted, founding one if the data folder is new."""
    begin_logging()
    settings = Settings.from_environment(
        data=data,
        host=host,
        port=port,
        projector=projector,
        open_orders_max=open_orders_max,
        stop_orders_max=stop_orders_max,
        order_groups_max=order_groups_max,
        keys_max=keys_max,
    )
    give_way_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, demo=demo, as_json=as_json))


async def _serve(settings: Settings, *, demo: bool, as_json: bool) -> None:
    """Serve until a signal comes; whatever was accepted by then is brought to its end."""
    cancel_on_signal()
    with suppress(asyncio.CancelledError):
        async with AsyncExitStack() as stack:
            presage = await stack.enter_async_context(open_presage(settings))
            url = await _listen(stack, presage)
            await presage.start()
            collect_seldom()
            collect_in_calm(asyncio.get_running_loop())
            trader = await stack.enter_async_context(demonstration(presage)) if demo else None
            presage.folder.announce(url, presage.identity)
            stack.callback(presage.folder.withdraw)
            if as_json:
                print_json(_ready(presage, url, trader))
            else:
                welcome(settings, url, trader)
            await asyncio.Event().wait()


async def _listen(stack: AsyncExitStack, presage: Presage) -> str:
    """Begin to answer requests: as yet, that the exchange is starting."""
    settings = presage.settings
    try:
        return await stack.enter_async_context(serving(presage.app, settings.host, settings.port))
    except OSError as error:
        where = f"cannot listen at {settings.host}:{settings.port} ({error.strerror})"
        if error.errno == errno.EADDRINUSE:
            raise Failure(
                "address_in_use", where, details="choose another --port; 0 takes a free one"
            ) from error
        raise Failure(
            "unusable_address", where, details="--host is an address of this machine, --port is free for all"
        ) from error


def _ready(presage: Presage, url: str, trader: HeldKey | None) -> dict[str, object]:
    document: dict[str, object] = {"url": url, "data": str(presage.settings.data.absolute())}
    if trader is not None:
        document["demo_key"] = trader.document()
        operator = presage.folder.operator()
        assert operator is not None
        document["operator_key"] = operator.document()
    return document
