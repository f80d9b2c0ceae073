"""Questions about keys and about who made the most."""

from collections.abc import Sequence

from adapters.read_models.queries.reader import Reader, Where, checked
from application.ports.clock import Clock
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope
from domain.quantities import Money
from projections.api_keys import API_KEYS, KeyRow
from projections.leaderboard import day_start_us, period_start_us
from projections.reading.views import KeyView, LeaderboardEntry, LeaderboardPeriod

# Keys, oldest first.
KEYS = f"""
SELECT {", ".join(API_KEYS.columns)} FROM api_keys {{where}} ORDER BY created_at_us, key_id
"""

# The best of a period: the first steps of leaderboard_by_profit, whatever its length.
TOP = """
SELECT account_id, profit FROM leaderboard WHERE period = :period AND start_us = :start_us
ORDER BY profit DESC, account_id LIMIT :limit
"""

# The best of a period as they stood at a moment in it: its days before, and that day's profits by then.
TOP_THEN = """
SELECT account_id, SUM(profit) FROM (
    SELECT account_id, profit FROM leaderboard
    WHERE period = 'day' AND start_us >= :start_us AND start_us < :day_us
    UNION ALL
    SELECT account_id, profit FROM leaderboard_profits WHERE at_us >= :day_us AND at_us <= :at_us
) AS made GROUP BY account_id ORDER BY SUM(profit) DESC, account_id LIMIT :limit
"""


class KeyAnswers:
    """Answers :class:`projections.reading.queries.KeyQueries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def key(self, key_id: str) -> KeyView | None:
        """Return a key, revoked ones too."""
        found = await self._keys(Where().add("key_id = :key_id", key_id=key_id))
        return found[0] if found else None

    async def keys(self, account_id: AccountId) -> Sequence[KeyView]:
        """Return an account's keys that are in force, oldest first."""
        return await self._keys(
            Where().add("account_id = :account_id AND revoked_at_us IS NULL", account_id=account_id)
        )

    async def _keys(self, where: Where) -> Sequence[KeyView]:
        rows = await self._reader.fetch(KEYS.format(where=where), where.parameters)
        return [_key_view(KeyRow(*row)) for row in rows]


class LeaderboardAnswers:
    """Answers :class:`projections.reading.queries.LeaderboardQueries`."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    async def get_top(
        self, n: int, period: LeaderboardPeriod = LeaderboardPeriod.ALL, *, at_us: int | None = None
    ) -> Sequence[LeaderboardEntry]:
        """Return the ``n`` traders with the most profit in the present period, or as it stood then."""
        limit = checked(n) - 1
        start_us = period_start_us(period, self._clock.now_us() if at_us is None else at_us)
        if at_us is None:
            asked = {"period": period.value, "start_us": start_us, "limit": limit}
            rows = await self._reader.fetch(TOP, asked)
        else:
            then = {"start_us": start_us, "day_us": day_start_us(at_us), "at_us": at_us, "limit": limit}
            rows = await self._reader.fetch(TOP_THEN, then)
        entries: list[LeaderboardEntry] = []
        for place, (account_id, profit) in enumerate(rows, start=1):
            tied = bool(entries) and entries[-1].profit == profit
            rank = entries[-1].rank if tied else place
            entries.append(
                LeaderboardEntry(rank=rank, account_id=AccountId(account_id), profit=Money(int(profit)))
            )
        return entries


def _key_view(row: KeyRow) -> KeyView:
    return KeyView(
        key_id=row.key_id,
        account_id=AccountId(row.account_id),
        name=row.name,
        public_key_pem=row.public_key_pem,
        scopes=tuple(Scope(scope) for scope in row.scopes.split()),
        strict=bool(row.strict),
        created_at_us=row.created_at_us,
        revoked_at_us=row.revoked_at_us,
    )
