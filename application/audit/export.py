"""Making an audit bundle of a market."""

from collections.abc import AsyncIterator
from hashlib import sha256

from application.audit.chain import (
    EVENTS,
    FORMAT,
    MANIFEST,
    STATE_EVERY,
    STATES,
    Json,
    canonical,
    event_document,
    genesis,
    linked,
    sealed,
)
from application.ports.codec import EventCodec
from application.ports.event_store import StreamReader
from application.streams import market_stream
from domain.identifiers import Ticker
from domain.market.aggregate import MARKET
from domain.market.state import MarketState


class AuditExport:
    """Reads a market's events once. Take all of :meth:`event_lines`, then the rest of the bundle."""

    def __init__(self, ticker: Ticker, *, reader: StreamReader, codec: EventCodec) -> None:
        self._ticker = ticker
        self._stream = market_stream(ticker)
        self._reader = reader
        self._codec = codec
        self._state = MarketState()
        self._states: list[Json] = []
        self._head = genesis(self._stream)

    @property
    def events(self) -> int:
        """How many events there were so far."""
        return self._state.revision + 1

    @property
    def chain_head(self) -> str:
        """The hash of the last event so far."""
        return self._head

    async def event_lines(self) -> AsyncIterator[bytes]:
        """Yield the lines of the events, each with the hash that ties it to those before it."""
        async for page in self._reader.read_stream(self._stream):
            for stored in page:
                event = event_document(stored)
                self._head = linked(self._head, event)
                MARKET.evolve(self._state, self._codec.decode(stored).event)  # type: ignore[arg-type]
                if self.events % STATE_EVERY == 0:
                    self._note_state()
                yield canonical({"chain": self._head, "event": event}) + b"\n"
        if self.events % STATE_EVERY:
            self._note_state()

    def _note_state(self) -> None:
        self._states.append({"revision": self._state.revision, "digest": self._state.digest()})

    def state_lines(self) -> bytes:
        """Return the hashes of the market's state on the way."""
        return b"".join(canonical(state) + b"\n" for state in self._states)

    def manifest(self, *, exported_at_us: int, version: str) -> bytes:
        """Return what says what the bundle holds."""
        said = {
            "format": FORMAT,
            "ticker": self._ticker,
            "stream": self._stream,
            "files": [EVENTS, STATES, MANIFEST],
            "events": self.events,
            "first_revision": 0,
            "last_revision": self._state.revision,
            "chain_head": self._head,
            "states": len(self._states),
            "states_sha256": sha256(self.state_lines()).hexdigest(),
            "final_state": self._state.digest(),
            "exported_at_us": exported_at_us,
            "presage": version,
        }
        return canonical(sealed(said)) + b"\n"
