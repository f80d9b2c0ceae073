"""Which markets may have something to do by themselves, known without reading the whole log."""

import logging
from hashlib import sha256
from uuid import UUID

from application.ports.event_store import START, EventStoreError, Filter, LogReader, StreamReader
from application.ports.snapshots import Snapshot, Snapshots
from application.streams import MARKET, market_stream
from domain.identifiers import Ticker

log = logging.getLogger(__name__)

NAME = "open-markets"
SCHEMA = "1"

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
        self._latest: tuple[Ticker, UUID] | None = None

    async def find(self) -> list[Ticker]:
        """Return the markets as of now, in the order they were listed."""
        if self._position == START:
            await self._restore()
        head = await self._log.head()
        async for page in self._log.read_all(after=self._position, matching=_LISTED):
            for event in page.events:
                ticker = Ticker(event.stream.removeprefix(MARKET))
                self._tickers[ticker] = None
                self._latest = ticker, event.id
            self._position = max(self._position, page.position)
        self._position = max(self._position, head)
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
        if self._latest is None:
            return
        ticker, event_id = self._latest
        await self._snapshots.save(
            Snapshot(
                stream=NAME,
                revision=0,
                position=self._position,
                event_id=event_id,
                at_us=0,
                schema=SCHEMA,
                digest=_digest(tickers),
                document={"tickers": tickers, "latest": ticker},
            )
        )

    async def _restore(self) -> None:
        kept = await self._snapshots.find(NAME, schema=SCHEMA)
        if kept is None or _digest(kept.document["tickers"]) != kept.digest:
            return
        ticker = Ticker(kept.document["latest"])
        if kept.position <= await self._log.head() and await self._listed_by(ticker, kept.event_id):
            self._tickers = dict.fromkeys(map(Ticker, kept.document["tickers"]))
            self._position, self._latest = kept.position, (ticker, kept.event_id)

    async def _listed_by(self, ticker: Ticker, event_id: UUID) -> bool:
        """Return whether it is the same log: one in which this event listed the market."""
        async for page in self._streams.read_stream(market_stream(ticker), limit=1):
            return any(event.id == event_id for event in page)
        return False


def _digest(tickers: list[Ticker]) -> str:
    return sha256("\n".join(tickers).encode()).hexdigest()
