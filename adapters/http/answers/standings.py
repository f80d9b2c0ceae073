"""Standings as they are told."""

from typing_extensions import TypedDict

from adapters.http.answers.display import money_dollars
from projections.reading.views import LeaderboardEntry


class Standing(TypedDict):
    """A trader's place. Equal profits share a rank, and the ranks after them are left out."""

    rank: int
    account_id: str
    profit_dollars: str
    profit_microdollars: int


class LeaderboardAnswer(TypedDict):
    """The traders with the most profit in a period, most first."""

    period: str
    entries: list[Standing]


def entry_answer(entry: LeaderboardEntry) -> Standing:
    """Return a standing as it is told."""
    return Standing(
        rank=entry.rank,
        account_id=entry.account_id,
        profit_dollars=money_dollars(entry.profit),
        profit_microdollars=entry.profit,
    )
