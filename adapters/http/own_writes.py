"""Reading one's own writes: where each account last wrote, so that its reads can wait for it."""

from application.ports.event_store import START, Position
from domain.identifiers import AccountId

_KEPT = 50_000


class OwnWrites:
    """Remembers the position of each account's last write through this process."""

    def __init__(self) -> None:
        self._latest: dict[AccountId, Position] = {}

    def note(self, account_id: AccountId, position: Position) -> None:
        """Remember that an account wrote up to ``position``."""
        latest = max(position, self._latest.pop(account_id, START))
        self._latest[account_id] = latest
        if len(self._latest) > _KEPT:
            del self._latest[next(iter(self._latest))]

    def of(self, account_id: AccountId) -> Position:
        """Return up to where an account wrote, :data:`START` if it is not known to have written."""
        return self._latest.get(account_id, START)
