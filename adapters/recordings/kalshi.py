"""Trades as Kalshi lists them: ``trade_id,ticker,created_time,count,yes_price,no_price,taker_side``.

Counts are whole contracts, prices whole cents that add up to 100. The orders behind a trade are unknown.
"""

from collections.abc import Iterator

from adapters.recordings.files import RecordingFile
from adapters.recordings.numbers import CENT_TICKS, SteadyClock, cents_ticks, hundredths, microseconds
from application.replay.book import Book
from application.replay.flow import Instruction, OpenMarket, RecordedTrade
from application.replay.tickers import ticker_text
from domain.quantities import CONTRACT, PAYOUT_TICKS

COLUMNS = ("trade_id", "ticker", "created_time", "count", "yes_price", "no_price", "taker_side")


class KalshiTrades:
    """A file of trades in any number of markets; each is opened at its first trade, in no group."""

    format = "kalshi-trades"

    def __init__(self, file: RecordingFile) -> None:
        self._file = file
        self.name = file.path.name
        self.count_hint = sum(1 for _ in self.instructions())

    def instructions(self) -> Iterator[Instruction]:
        """Yield every trade, each market's opening before its first."""
        opened: set[str] = set()
        seen: set[str] = set()
        clock = SteadyClock()
        for number, row in self._file.rows(COLUMNS):
            trade = self._file.parsed(number, _trade, row, clock)
            if trade.ref in seen:
                raise self._file.fault(number, f"trade {trade.ref} stands there twice")
            seen.add(trade.ref)
            if trade.market not in opened:
                opened.add(trade.market)
                yield OpenMarket(
                    market=trade.market,
                    title=trade.market,
                    tick_size_ticks=CENT_TICKS,
                    quantity_step=CONTRACT,
                    at_us=trade.at_us,
                )
            yield trade

    def recorded_final_book(self) -> Book | None:
        """Return nothing: trades show no book."""
        return None


def _trade(row: dict[str, str], clock: SteadyClock) -> RecordedTrade:
    yes, no = cents_ticks(row["yes_price"]), cents_ticks(row["no_price"])
    if yes + no != PAYOUT_TICKS:
        raise ValueError(f"prices of {row['yes_price']} and {row['no_price']} cents do not add up to 100")
    if row["ticker"] != ticker_text(row["ticker"]) or not row["ticker"]:
        raise ValueError(f"{row['ticker']!r} is no ticker")
    if row["taker_side"] not in ("yes", "no"):
        raise ValueError(f"the taker's side is {row['taker_side']!r}, neither yes nor no")
    return RecordedTrade(
        ref=row["trade_id"],
        market=row["ticker"],
        taker_side="yes" if row["taker_side"] == "yes" else "no",
        yes_price_ticks=yes,
        quantity=hundredths(row["count"]),
        at_us=clock.at(microseconds(row["created_time"])),
    )
