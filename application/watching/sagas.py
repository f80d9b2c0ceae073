"""Orders on their way through the saga, and how it ended."""

from application.sagas.place_order import SagaState

ENDS = ("placed", "refused", "compensated", "failed")
"""Compensated is an order whose money was set aside and given back, for the market did not take it; failed is
one that recovery has to bring to its end."""

_END_OF = {SagaState.PLACED: "placed", SagaState.REFUSED: "refused", SagaState.RELEASED: "compensated"}


class SagaCounts:
    """Counts sagas that have come to an end, and the orders placed in each market of late."""

    def __init__(self) -> None:
        self.ended = dict.fromkeys(ENDS, 0)
        self._placed_in: dict[str, int] = {}

    def note(self, ticker: str, state: SagaState) -> None:
        """Take note of a saga whose caller has an answer."""
        self.ended[_END_OF[state]] += 1
        if state is SagaState.PLACED:
            self._placed_in[ticker] = self._placed_in.get(ticker, 0) + 1

    def failed(self) -> None:
        """Take note of a saga that cannot go on by itself."""
        self.ended["failed"] += 1

    def take_placed(self) -> dict[str, int]:
        """Return how many orders were placed in each market since this was last asked."""
        placed, self._placed_in = self._placed_in, {}
        return placed
