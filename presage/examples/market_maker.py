"""A market maker: a bid on either side of what it believes, moved after each fill against what it holds.

Whoever buys from both sides of it pays the spread. It leans: the more yes it holds, the less it bids for yes
and the more for no, so what it holds stays near nothing. It leaves no order behind.
"""

import asyncio
from decimal import Decimal

from presage.client import Connected, Exchange, Refused
from presage.examples._start import opened, options

CENT = Decimal("0.01")
LOWEST, HIGHEST = CENT, 1 - CENT


class MarketMaker:
    """Bids ``count`` for yes and for no in a market, ``half`` a spread away from what it believes."""

    def __init__(
        self, exchange: Exchange, ticker: str, *, believes: Decimal, half: Decimal, count: int, lean: Decimal
    ) -> None:
        self._exchange = exchange
        self._ticker = ticker
        self._believes = believes
        self._half = half
        self._count = count
        self._lean = lean
        self.holds = Decimal(0)
        self.fills = 0

    async def run(self, fills: int) -> None:
        """Quote until so many fills have come, then take everything off."""
        try:
            async for told in self._exchange.feed.own("fill", "market_positions"):
                if not isinstance(told, Connected):
                    mine = [each for each in told.messages if each["market_ticker"] == self._ticker]
                    if not mine:
                        continue
                    if told.channel == "fill":
                        self.fills += 1
                        continue
                    self.holds = Decimal(mine[-1]["position_fp"])
                if self.fills >= fills:
                    return
                await self._quote()
        finally:
            await self._exchange.cancel_all(self._ticker)

    async def _quote(self) -> None:
        middle = self._believes - self._lean * self.holds
        await self._exchange.cancel_all(self._ticker)
        for side, price in (("yes", middle - self._half), ("no", 1 - middle - self._half)):
            within = min(max(price, LOWEST), HIGHEST).quantize(CENT)
            try:
                await self._exchange.place(
                    self._ticker, side=side, count=self._count, price=within, post_only=True
                )
            except Refused as refused:
                print(f"no bid for {side} at {within}: {refused}")  # noqa: T201 (its own output)


async def main() -> None:
    """Run it as a program."""
    parser = options(__doc__ or "")
    parser.add_argument("--believes", type=Decimal, default=Decimal("0.50"), help="what yes is worth")
    parser.add_argument("--half", type=Decimal, default=Decimal("0.02"), help="half of the spread")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--lean", type=Decimal, default=Decimal("0.001"), help="per contract that it holds")
    parser.add_argument("--fills", type=int, default=100, help="after how many it ends")
    chosen = parser.parse_args()
    async with opened(chosen) as exchange:
        maker = MarketMaker(
            exchange, chosen.ticker, believes=chosen.believes, half=chosen.half, count=chosen.count,
            lean=chosen.lean,
        )  # fmt: skip
        await maker.run(chosen.fills)
        print(f"{maker.fills} fills, holds {maker.holds}")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
