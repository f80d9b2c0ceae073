"""Order books as they were last sent, so that an unchanged book is written out once."""

import orjson

from adapters.http.answers.trading import book_answer
from domain.identifiers import Ticker
from projections.views import BookView

_KEPT = 2_000


class RenderedBooks:
    """Keeps the latest rendering of each book at each depth; a book is known by its market's revision."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Ticker, int], tuple[int, bytes]] = {}

    def find(self, ticker: Ticker, depth: int, revision: int) -> bytes | None:
        """Return the rendering of a book at a revision, ``None`` if it is not kept."""
        kept = self._kept.get((ticker, depth))
        return kept[1] if kept and kept[0] == revision else None

    def keep(self, ticker: Ticker, depth: int, revision: int, rendered: bytes) -> None:
        """Keep a rendering in place of an older one."""
        self._kept[(ticker, depth)] = (revision, rendered)
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]


def rendered_book(kept: RenderedBooks, view: BookView, depth: int) -> bytes:
    """Return a book as it is sent, written out only if it has changed; depth 0 is all of it."""
    rendered = kept.find(view.ticker, depth, view.revision)
    if rendered is None:
        rendered = orjson.dumps(book_answer(view))
        kept.keep(view.ticker, depth, view.revision, rendered)
    return rendered
