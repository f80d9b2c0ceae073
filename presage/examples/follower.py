"""A bot that follows a market: it says the best bids whenever the book changes, whatever happens between.

The exchange may be restarted, or the line cut: the book goes on where it was. It is compared with the
exchange's own every few seconds.
"""

import asyncio

from presage.examples._start import opened, options


async def main() -> None:
    """Run it as a program."""
    parser = options(__doc__ or "")
    parser.add_argument("--changes", type=int, default=0, help="after how many it ends; 0 is never")
    parser.add_argument("--check-every-s", type=float, default=5.0)
    chosen = parser.parse_args()
    seen = 0
    async with opened(chosen) as exchange:
        async for book in exchange.follow_book(chosen.ticker, check_every_s=chosen.check_every_s):
            print(f"{book.revision}: yes {book.best('yes')}, no {book.best('no')}", flush=True)  # noqa: T201
            seen += 1
            if seen == chosen.changes:
                return


if __name__ == "__main__":
    asyncio.run(main())
