"""``presage price-at``: what a market last traded at, at any moment."""

import asyncio
from typing import Annotated

import typer

from adapters.bootstrap import open_past
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import show
from adapters.cli.times import parse_time, time_text
from adapters.settings import Settings
from domain.identifiers import Ticker
from domain.quantities import Ticks, price_text

app = typer.Typer()


@app.command("price-at")
def price_at(
    ticker: Annotated[str, typer.Argument(metavar="TICKER", help="The market.")],
    time: Annotated[str, typer.Argument(metavar="TIME", help="ISO 8601, or seconds since the Unix epoch.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what yes last traded at by a moment of the past; nothing before the first trade.

    Reads the log itself, beside a running server too.
    """
    at_us = parse_time(time)
    assert at_us is not None
    ticks = asyncio.run(_price(Settings.from_environment(data=data), Ticker(ticker), at_us))
    document = {
        "ticker": ticker,
        "at": time_text(at_us),
        "price_dollars": None if ticks is None else price_text(ticks).removeprefix("$"),
        "price_ticks": ticks,
    }
    show(document, as_json=as_json, view=lambda: "no trade by then" if ticks is None else price_text(ticks))


async def _price(settings: Settings, ticker: Ticker, at_us: int) -> Ticks | None:
    async with open_past(settings) as past:
        ticks = await past.get_price_at(ticker, at_us)
        if ticks is None and await past.market_after(ticker, 0) is None:
            raise Failure("market_not_found", f"there is no market {ticker}")
        return ticks
