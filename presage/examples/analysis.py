"""An analysis: all trades of a market, drawn as a line of prices with their sizes below."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path

from presage.client import Exchange, Trade
from presage.examples._start import opened, options

WIDTH, HEIGHT, VOLUME = 800, 300, 80


async def trades(exchange: Exchange, ticker: str) -> Sequence[Trade]:
    """Return a market's trades, first one first."""
    return [trade async for trade in exchange.trades(ticker)][::-1]


def drawn(ticker: str, sales: Sequence[Trade]) -> str:
    """Return a picture as SVG. Only here, where nothing is paid any more, does a price become a float."""
    times = [datetime.fromisoformat(sale.created_time).timestamp() for sale in sales]
    first, last = (times[0], times[-1]) if times else (0.0, 1.0)
    most = max((sale.count for sale in sales), default=Decimal(1))
    across = [WIDTH * (at - first) / ((last - first) or 1.0) for at in times]
    line = " ".join(
        f"{x:.1f},{HEIGHT * (1 - sale.yes_price):.1f}" for x, sale in zip(across, sales, strict=True)
    )
    bars = "".join(
        f'<rect x="{x:.1f}" y="{HEIGHT + VOLUME * (1 - sale.count / most):.1f}" width="2" '
        f'height="{VOLUME * sale.count / most:.1f}"/>'
        for x, sale in zip(across, sales, strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + VOLUME}">'
        f"<title>{escape(ticker)}: {len(sales)} trades</title>"
        f'<polyline points="{line}" fill="none" stroke="#2563eb" stroke-width="2"/>'
        f'<g fill="#94a3b8">{bars}</g></svg>'
    )


async def main() -> None:
    """Run it as a program."""
    parser = options(__doc__ or "")
    parser.add_argument("--picture", type=Path, default=Path("trades.svg"))
    chosen = parser.parse_args()
    async with opened(chosen) as exchange:
        sales = await trades(exchange, chosen.ticker)
    chosen.picture.write_text(drawn(chosen.ticker, sales))
    print(f"{len(sales)} trades: {chosen.picture}")  # noqa: T201 (its own output)


if __name__ == "__main__":
    asyncio.run(main())
