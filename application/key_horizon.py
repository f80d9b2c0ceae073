"""How far back a ledger remembers orders by heart, and from where on the index of older ones must know."""

from collections import deque

from application.ports.event_store import Position

MARK_EVERY = 1_000
MARKS = 8
"""Marks times their distance stay well below :data:`domain.ledger.state.REMEMBERED`."""


class KeyHorizon:
    """A position in the log such that the ledger remembers every order placed after it."""

    def __init__(self, position: Position) -> None:
        self._marks: deque[Position] = deque([position], maxlen=MARKS)
        self._since = 0

    @property
    def position(self) -> Position:
        """Up to here the index of older orders has to know them; later ones are remembered."""
        return self._marks[0]

    def placed(self, position: Position) -> None:
        """Count an order whose reservation stands at or before ``position``."""
        self._since += 1
        if self._since >= MARK_EVERY:
            self._since = 0
            self._marks.append(position)
