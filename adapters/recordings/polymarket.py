"""Order flow of one Polymarket token: ``seq,ts_ms,op,side,price,size``.

``add`` rests an order, ``cancel`` takes that much off a level, ``take`` trades at once up to its price.
Prices are dollars, sizes shares, times milliseconds. Nobody is named: all bids have one owner, all asks
another and all takers a third. The file names no market, so the file's own name does.
"""

from collections.abc import Iterator
from pathlib import Path

from adapters.recordings.files import RecordingFile
from adapters.recordings.numbers import SteadyClock, hundredths, price_ticks, scaled
from adapters.recordings.polymarket_book import final_book
from application.replay.book import Book
from application.replay.flow import AddOrder, CancelAtLevel, Instruction, OpenMarket, TakeOrder
from application.replay.tickers import fitting, ticker_text

COLUMNS = ("seq", "ts_ms", "op", "side", "price", "size")
BIDDER, ASKER, TAKER = "bidder", "asker", "taker"

_GRIDS_TICKS = (100, 10, 1)
_MICROSECONDS = 1000

_Operation = AddOrder | CancelAtLevel | TakeOrder


class PolymarketOps:
    """A file of operations; the raw messages it was made from may lie beside it."""

    format = "polymarket-ops"

    def __init__(self, file: RecordingFile) -> None:
        self._file = file
        self.name = file.path.name
        self._slug = _slug(file.path)
        self.market = fitting(f"PM-{ticker_text(self._slug)}")
        self._survey()
        self._final_book = self._read_final_book()

    def instructions(self) -> Iterator[Instruction]:
        """Yield the opening of the market and then every operation."""
        opened = False
        for operation in self._operations():
            if not opened:
                opened = True
                yield self._opening(operation.at_us)
            yield operation

    def recorded_final_book(self) -> Book | None:
        """Return the last book of the raw messages, when they lie beside this file."""
        return self._final_book

    def _read_final_book(self) -> Book | None:
        for suffix in (".jsonl.gz", ".jsonl"):
            messages = self._file.path.with_name(self._slug + suffix)
            if messages.is_file():
                return final_book(RecordingFile(messages))
        return None

    def _survey(self) -> None:
        count, grid = 0, _GRIDS_TICKS[0]
        for operation in self._operations():
            count += 1
            while _price(operation) % grid:
                grid = _GRIDS_TICKS[_GRIDS_TICKS.index(grid) + 1]
        self.count_hint = count + 1 if count else 0
        self._tick_size = grid

    def _opening(self, at_us: int) -> OpenMarket:
        return OpenMarket(
            market=self.market,
            title=self._slug,
            tick_size_ticks=self._tick_size,
            quantity_step=1,
            at_us=at_us,
        )

    def _operations(self) -> Iterator[_Operation]:
        clock, last = SteadyClock(), None
        for number, row in self._file.rows(COLUMNS):
            sequence = self._file.parsed(number, scaled, row["seq"], 0)
            if last is not None and sequence != last + 1:
                raise self._file.fault(number, f"seq {sequence} after {last}")
            last = sequence
            yield self._file.parsed(number, _operation, row, self.market, clock)


def _operation(row: dict[str, str], market: str, clock: SteadyClock) -> _Operation:
    price, quantity = price_ticks(row["price"]), hundredths(row["size"])
    at_us = clock.at(scaled(row["ts_ms"], 0) * _MICROSECONDS)
    match row["op"], row["side"]:
        case "add", ("bid" | "ask") as side:
            return AddOrder(
                ref=row["seq"],
                market=market,
                actor=BIDDER if side == "bid" else ASKER,
                side=side,
                price_ticks=price,
                quantity=quantity,
                at_us=at_us,
            )
        case "cancel", ("bid" | "ask") as side:
            return CancelAtLevel(market=market, side=side, price_ticks=price, quantity=quantity, at_us=at_us)
        case "take", ("buy" | "sell") as side:
            return TakeOrder(
                ref=row["seq"],
                market=market,
                actor=TAKER,
                side=side,
                limit_ticks=price,
                quantity=quantity,
                at_us=at_us,
            )
        case op, side:
            raise ValueError(f"no such operation: {op} {side}")


def _price(operation: _Operation) -> int:
    return operation.limit_ticks if isinstance(operation, TakeOrder) else operation.price_ticks


def _slug(path: Path) -> str:
    name = path.name
    for suffix in (".gz", ".csv", ".ops"):
        name = name.removesuffix(suffix)
    return name
