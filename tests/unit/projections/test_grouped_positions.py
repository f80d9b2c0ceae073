"""Positions in the markets of a group, added up."""

from domain.identifiers import AccountId, GroupId, Ticker
from projections.portfolio import PositionRow
from projections.reading.as_of import grouped
from projections.reading.views import GroupPositionView

ANN = AccountId("ann")


def row(ticker: str, scale: int) -> PositionRow:
    return PositionRow(ANN, ticker, *(scale * number for number in range(1, 10)))


def test_each_group_is_the_sum_of_its_markets_and_markets_of_none_are_left_out() -> None:
    cup, race = GroupId("CUP"), GroupId("RACE")
    rows = [(row("B", 1), cup), (row("Z", 100), None), (row("A", 10), cup), (row("C", 1_000), race)]
    assert grouped(rows) == [
        GroupPositionView(
            account_id=ANN,
            group_id=group,
            total_traded=7 * scale,  # type: ignore[arg-type]
            shares_traded=8 * scale,  # type: ignore[arg-type]
            exposure=(3 + 4) * scale,  # type: ignore[arg-type]
            realized_pnl=5 * scale,  # type: ignore[arg-type]
            fees=6 * scale,  # type: ignore[arg-type]
            first=Ticker(first),
        )
        for group, scale, first in ((cup, 11, "A"), (race, 1_000, "C"))
    ]
