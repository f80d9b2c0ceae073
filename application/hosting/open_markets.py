"""Which markets may have something to do by themselves, known without reading the whole log."""

import logging
from hashlib import sha256

from application.log.landmarks import Landmark, last_landmark, stands
from application.ports.event_store import START, EventStoreError, Filter, LogReader, StreamReader
from application.ports.snapshots import Snapshot, Snapshots
from application.streams import EXCHANGE_EVENTS, MARKET
from domain.identifiers import Ticker

log = logging.getLogger(__name__)

NAME = "open-markets"
SCHEMA = "2"

_LISTED = Filter(stream_prefixes=(MARKET,), types=("MarketCreated",))


class OpenMarkets:
    """The markets that were listed and are not known to be over.

    What is known is kept beside the log together with how far it goes, so that only the rest is read.
    """

    def __init__(self, *, log: LogReader, streams: StreamReader, snapshots: Snapshots) -> None:
        self._log = log
        self._streams = streams
        self._snapshots = snapshots
        self._tickers: dict[Ticker, None] = {}
        self._position = START
        self._landmark: Landmark | None = None

    async def find(self) -> list[Ticker]:
        """Return the markets as of now, in the order they were listed."""
        if self._landmark is None:
            await self._restore()
        end = await last_landmark(self._log, EXCHANGE_EVENTS)
        async for page in self._log.read_all(after=self._position, matching=_LISTED):
            for event in page.events:
                self._tickers[Ticker(event.stream.removeprefix(MARKET))] = None
            self._position = max(self._position, page.position)
        if end is not None:
            self._landmark, self._position = end, max(self._position, end.position)
        return list(self._tickers)

    def over(self, ticker: Ticker) -> None:
        """Take note that a market will never do anything again."""
        self._tickers.pop(ticker, None)

    async def keep(self) -> None:
        """Look at what was listed since, and keep what is known. Does not fail: it only saves time later."""
        try:
            tickers = await self.find()
        except EventStoreError as error:
            log.warning("the open markets cannot be put down: %s", error)
            return
        end = self._landmark
        if end is None:
            return
        await self._snapshots.save(
            Snapshot(
                stream=NAME,
                revision=0,
                position=end.position,
                event_id=end.event_id,
                at_us=0,
                schema=SCHEMA,
                digest=_digest(tickers),
                document={"tickers": tickers, "stream": end.stream, "revision": end.revision},
            )
        )

    async def _restore(self) -> None:
        kept = await self._snapshots.find(NAME, schema=SCHEMA)
        if kept is None or _digest(kept.document["tickers"]) != kept.digest:
            return
        end = Landmark(
            position=kept.position,
            event_id=kept.event_id,
            stream=kept.document["stream"],
            revision=kept.document["revision"],
        )
        # In another log, or one that was restored, others may have been listed since.
        if await stands(self._streams, end):
            self._tickers = dict.fromkeys(map(Ticker, kept.document["tickers"]))
            self._landmark, self._position = end, end.position


async def listed_markets(log: LogReader) -> list[Ticker]:
    """Return all markets that were ever listed, in that order."""
    pages = log.read_all(matching=_LISTED)
    return [Ticker(event.stream.removeprefix(MARKET)) async for page in pages for event in page.events]


def _digest(tickers: list[Ticker]) -> str:
    return sha256("\n".join(tickers).encode()).hexdigest()
