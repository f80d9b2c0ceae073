"""Which exchange the rows are of: so that rows of one are never read as those of another."""

from dataclasses import dataclass
from typing import ClassVar

from application.events import Recorded
from domain.founding import ExchangeFounded
from projections.running.projection import Projection
from projections.running.rows import Journal
from projections.running.table import Table


@dataclass(slots=True)
class ExchangeRow:
    """The founding of the exchange; when it was tells one exchange from another."""

    founded_at_us: int
    partitions: int


EXCHANGES = Table("exchanges", ExchangeRow, key=("founded_at_us",))


class ExchangeProjection(Projection):
    """Notes the founding."""

    name: ClassVar[str] = "exchange"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._exchanges = Journal(EXCHANGES)
        super().__init__(parts=(self._exchanges,), handlers={ExchangeFounded: self._founded}, wants={})

    def _founded(self, recorded: Recorded[ExchangeFounded]) -> None:
        self._exchanges.add(ExchangeRow(recorded.cause.at_us, recorded.event.partitions))
