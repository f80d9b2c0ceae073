"""What follows a command on its way: spans, under the name of what is done and the command it is done for."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol
from uuid import UUID


class Spans(Protocol):
    """Notes how long things take, and for which command."""

    def span(self, name: str, correlation_id: UUID) -> AbstractContextManager[object]:
        """Return what is entered while something is done for a command."""
        ...

    def batch(self, name: str, correlation_ids: Iterable[UUID]) -> AbstractContextManager[object]:
        """Return what is entered while something is done for several commands at once."""
        ...


_NOTHING = nullcontext()


class NoSpans:
    """Notes nothing."""

    def span(self, name: str, correlation_id: UUID) -> AbstractContextManager[object]:  # noqa: ARG002
        """Return nothing to enter."""
        return _NOTHING

    def batch(self, name: str, correlation_ids: Iterable[UUID]) -> AbstractContextManager[object]:  # noqa: ARG002
        """Return nothing to enter."""
        return _NOTHING


NO_SPANS: Spans = NoSpans()
