"""``presage serve``: an exchange on one data folder."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Annotated

import typer
import uvloop

from adapters.bootstrap import Presage, open_presage
from adapters.cli.logs import begin_logging
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json
from adapters.cli.process import Stopping, until_stopped
from adapters.cli.roles import unusable_address
from adapters.cli.serve_steps import REQUESTS_S, closing_exchange, keys_to_try, open_house
from adapters.cli.serve_together import serve_together
from adapters.cli.welcome import welcome
from adapters.data_folder import HeldKey
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.serving.serving import Served, serving
from adapters.listening import listening_together
from adapters.settings import LogLevel, ProjectorPlace, Settings
from adapters.threads import give_way_soon
from application.shutdown import Step

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
    open_orders_in_all_max: Annotated[
        int | None,
        typer.Option(
            help="Most open orders of an account in all markets together. "
            "[default: $PRESAGE_OPEN_ORDERS_IN_ALL_MAX, or 200000]"
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
    webhooks_private: Annotated[
        bool | None,
        typer.Option(
            "--webhooks-private",
            help="Let webhooks be at private addresses, and be called by http. "
            "[default: $PRESAGE_WEBHOOKS_PRIVATE, or no]",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(
            help="info has a line for orders. [default: $PRESAGE_LOG_LEVEL, or info; warning with --demo]"
        ),
    ] = None,
    keys_max: Annotated[
        int | None, typer.Option(help="Most API keys of an account. [default: $PRESAGE_KEYS_MAX, or 100]")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that answer HTTP, beside one that is the exchange; 0 does all in one. "
            "[default: $PRESAGE_WORKERS, or 0]"
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run an exchange until it is interrupted, founding one if the data folder is new."""
    settings = Settings.from_environment(
        data=data,
        host=host,
        port=port,
        projector=projector,
        open_orders_max=open_orders_max,
        open_orders_in_all_max=open_orders_in_all_max,
        stop_orders_max=stop_orders_max,
        order_groups_max=order_groups_max,
        keys_max=keys_max,
        webhooks_private=webhooks_private,
        log_level=log_level,
        sign_up=demo or None,
        workers=workers,
    )
    if demo and "log_level" not in settings.model_fields_set:
        # The house's traders would fill the terminal of who looks at a demonstration.
        settings = settings.model_copy(update={"log_level": LogLevel.WARNING})
    begin_logging(settings.log_level)
    give_way_soon()
    serve_it = _serve_together if settings.workers else _serve
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            until_stopped(
                lambda stopping: serve_it(settings, stopping, demo=demo, as_json=as_json), as_json=as_json
            )
        )


async def _serve_together(settings: Settings, stopping: Stopping, *, demo: bool, as_json: bool) -> None:
    with _unusable_address(settings):
        listeners = listening_together(settings.host, settings.port, settings.workers)
    await serve_together(settings, stopping, listeners, demo=demo, as_json=as_json)


async def _serve(settings: Settings, stopping: Stopping, *, demo: bool, as_json: bool) -> None:
    """Serve until cancelled; whatever was accepted by then is brought to its end."""
    async with AsyncExitStack() as stack:
        presage = await stack.enter_async_context(open_presage(settings))
        served = await _listen(stack, presage)
        presage.watch.add(served)
        await stack.enter_async_context(presage.watch.running())
        await presage.start()
        collect_seldom()
        collect_in_calm(asyncio.get_running_loop())
        house = await stack.enter_async_context(AsyncExitStack())
        trader = await open_house(house, presage, demo=demo)
        presage.folder.announce(served.url, presage.identity)
        stack.callback(presage.folder.withdraw)
        stopping.steps += _closing(presage, served, house if demo or settings.stakes else None)
        if as_json:
            print_json(_ready(presage, served.url, trader))
        else:
            welcome(settings, served.url, trader)
        await asyncio.Event().wait()


def _closing(presage: Presage, served: Served, house: AsyncExitStack | None) -> Iterator[Step]:
    """Yield what is done when the server is asked to end, in order."""
    notice_s = presage.settings.shutdown_notice_s

    async def give_notice() -> None:
        presage.exchange.health.shuts_down()
        await asyncio.sleep(notice_s)

    async def refuse_more() -> None:
        presage.folder.withdraw()
        await served.refuse_more()

    yield Step(name="readiness", action=give_notice, limit_s=notice_s + 1)
    yield Step(name="listener", action=refuse_more, limit_s=1)
    yield Step(name="live feed", action=presage.feed.close, limit_s=5)
    yield Step(name="requests", action=served.finish, limit_s=REQUESTS_S)
    yield from closing_exchange(presage, house)


async def _listen(stack: AsyncExitStack, presage: Presage) -> Served:
    """Begin to answer requests: as yet, that the exchange is starting."""
    settings = presage.settings
    with _unusable_address(settings):
        return await stack.enter_async_context(serving(presage.app, settings.host, settings.port))


@contextmanager
def _unusable_address(settings: Settings) -> Iterator[None]:
    """Say what is wrong with an address at which nobody can listen."""
    try:
        yield
    except OSError as error:
        raise unusable_address(settings, error) from error


def _ready(presage: Presage, url: str, trader: HeldKey | None) -> dict[str, object]:
    data = str(presage.settings.data.absolute())
    return {"url": url, "data": data, **keys_to_try(presage.folder, trader)}
