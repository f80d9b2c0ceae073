"""Reading one's own writes: where each account last wrote, so that its reads can wait for it."""

from typing import Protocol, TypeVar

from application.ports.event_store import START, Position
from domain.identifiers import AccountId

Value = TypeVar("Value")

_KEPT = 50_000


class LatestWrites(Protocol):
    """Remembers where each account last wrote."""

    def note(self, account_id: AccountId, position: Position) -> None:
        """Remember that an account wrote up to ``position``."""
        ...

    def of(self, account_id: AccountId) -> Position:
        """Return up to where an account wrote, :data:`START` if it is not known to have written."""
        ...


class LatestWritesHere:
    """Remembers what was written through this process."""

    def __init__(self) -> None:
        self._latest: dict[AccountId, Position] = {}

    def note(self, account_id: AccountId, position: Position) -> None:
        """Remember that an account wrote up to ``position``."""
        latest = max(position, self._latest.pop(account_id, START))
        self._latest[account_id] = latest
        _forget_oldest(self._latest)

    def of(self, account_id: AccountId) -> Position:
        """Return up to where an account wrote, :data:`START` if it is not known to have written."""
        return self._latest.get(account_id, START)


class OwnWrites:
    """Knows the position of each account's last write, and where its money stands by then."""

    def __init__(self, latest: LatestWrites) -> None:
        self.note = latest.note
        self.of = latest.of
        self._booked: dict[AccountId, tuple[Position, Position]] = {}

    def note_booked(self, account_id: AccountId, position: Position, booked: Position) -> None:
        """Remember where an account's money is as everything up to ``position`` makes it."""
        self._booked.pop(account_id, None)
        self._booked[account_id] = position, booked
        _forget_oldest(self._booked)

    def booked(self, account_id: AccountId, position: Position) -> Position | None:
        """Return where everything up to ``position`` is booked for an account, if that is known."""
        upto, booked = self._booked.get(account_id, (START, START))
        return booked if position <= upto else None


def _forget_oldest(remembered: dict[AccountId, Value]) -> None:
    if len(remembered) > _KEPT:
        del remembered[next(iter(remembered))]
