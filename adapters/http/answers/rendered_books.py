"""Order books as they were last sent, so that an unchanged book is written out once."""

import orjson

from adapters.http.answers.trading import book_answer
from application.watching.cache_counts import CacheCounts
from domain.identifiers import Ticker
from projections.reading.views import BookView

BYTES_MAX = 32 * 1_048_576
"""How much is kept in all: whoever asks for every depth there is makes nobody's memory grow."""


class RenderedBooks:
    """Keeps the latest rendering of each book at each depth; a book is known by its market's revision."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self.counts = CacheCounts()
        self._bytes_max = bytes_max
        self._kept: dict[tuple[Ticker, int], tuple[int, bytes]] = {}
        self.size_bytes = 0

    def find(self, ticker: Ticker, depth: int, revision: int) -> bytes | None:
        """Return the rendering of a book at a revision, ``None`` if it is not kept."""
        kept = self._kept.get((ticker, depth))
        return kept[1] if kept and kept[0] == revision else None

    def keep(self, ticker: Ticker, depth: int, revision: int, rendered: bytes) -> None:
        """Keep a rendering in place of an older one, and let the oldest go when there are too many."""
        self._forget((ticker, depth))
        self._kept[(ticker, depth)] = (revision, rendered)
        self.size_bytes += len(rendered)
        while self.size_bytes > self._bytes_max:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[Ticker, int]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size_bytes -= len(kept[1])


def rendered_book(kept: RenderedBooks, view: BookView, depth: int) -> bytes:
    """Return a book as it is sent, written out only if it has changed; depth 0 is all of it."""
    if depth > max(len(view.yes), len(view.no)):
        depth = 0  # deeper than the book is all of it
    rendered = kept.find(view.ticker, depth, view.revision)
    if rendered is not None:
        kept.counts.hits += 1
    else:
        kept.counts.misses += 1
        rendered = orjson.dumps(book_answer(view))
        kept.keep(view.ticker, depth, view.revision, rendered)
    return rendered
