"""Limit orders of the Good Judgment Project's markets, one forecaster each.

``batch_order_id`` is the order of arrival; ``created_at`` has minutes and no zone (taken as UTC) and
steps back now and then. A question with several outcomes makes a group of one market per outcome; where
the outcomes are conditions (``If ...``) each is a question of its own and no group is made. Orders the
exchange must refuse, such as one for nothing, are passed on as they were sent.
"""

from collections.abc import Iterator

from adapters.recordings.files import RecordingFile
from adapters.recordings.numbers import CENT_TICKS, SteadyClock, cents_ticks, microseconds, scaled
from application.replay.book import Book
from application.replay.flow import Instruction, LimitOrder, OpenGroup, OpenMarket
from application.replay.tickers import group_ticker, outcome_ticker, plain_text
from domain.quantities import CONTRACT

COLUMNS = (
    "batch_order_id",
    "created_at",
    "user_id",
    "ifp_group",
    "market",
    "outcome",
    "side",
    "price_cents",
    "quantity",
)

_CONDITION = "if "


class GjpBatchOrders:
    """A file of orders; the markets of a question are opened at its first order."""

    format = "gjp-batch-orders"

    def __init__(self, file: RecordingFile) -> None:
        self._file = file
        self.name = file.path.name
        self._outcomes: dict[str, dict[str, str]] = {}
        for row, order in self._orders():
            self._outcomes.setdefault(row["ifp_group"], {}).setdefault(order.market, row["outcome"])
        self.count_hint = sum(1 for _ in self.instructions())

    def instructions(self) -> Iterator[Instruction]:
        """Yield every order, the opening of its question's markets before the first."""
        opened: set[str] = set()
        for row, order in self._orders():
            if row["ifp_group"] not in opened:
                opened.add(row["ifp_group"])
                yield from self._openings(row["ifp_group"], row["market"], order.at_us)
            yield order

    def recorded_final_book(self) -> Book | None:
        """Return nothing: the project's books were not recorded."""
        return None

    def _orders(self) -> Iterator[tuple[dict[str, str], LimitOrder]]:
        clock, last = SteadyClock(), -1
        for number, row in self._file.rows(COLUMNS):
            sequence = self._file.parsed(number, scaled, row["batch_order_id"], 0)
            if sequence <= last:
                raise self._file.fault(number, f"batch_order_id {sequence} after {last}")
            last = sequence
            yield row, self._file.parsed(number, _order, row, clock)

    def _openings(self, question: str, title: str, at_us: int) -> Iterator[Instruction]:
        markets = self._outcomes[question]
        group = group_ticker(question) if _exclusive(list(markets.values())) else None
        if group is not None:
            yield OpenGroup(group=group, title=title, markets=tuple(markets), at_us=at_us)
        for market, outcome in markets.items():
            yield OpenMarket(
                market=market,
                title=title if len(markets) == 1 else f"{title} {outcome}",
                tick_size_ticks=CENT_TICKS,
                quantity_step=CONTRACT,
                group=group,
                at_us=at_us,
            )


def _exclusive(outcomes: list[str]) -> bool:
    return len(outcomes) > 1 and not any(plain_text(outcome).startswith(_CONDITION) for outcome in outcomes)


def _order(row: dict[str, str], clock: SteadyClock) -> LimitOrder:
    if row["side"] not in ("buy", "sell"):
        raise ValueError(f"the side is {row['side']!r}, neither buy nor sell")
    if not plain_text(row["outcome"]) or not row["ifp_group"]:
        raise ValueError("the order names no question or no outcome")
    return LimitOrder(
        ref=row["batch_order_id"],
        market=outcome_ticker(row["ifp_group"], row["outcome"]),
        actor=f"user-{scaled(row['user_id'], 0)}",
        side="buy" if row["side"] == "buy" else "sell",
        price_ticks=cents_ticks(row["price_cents"]),
        quantity=scaled(row["quantity"], 0) * CONTRACT,
        at_us=clock.at(microseconds(row["created_at"])),
    )
