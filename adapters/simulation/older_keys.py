"""An index of older keys for exchanges whose ledgers remember all there were."""

from application.ports.event_store import START, Position


class NoOlderKeys:
    """Knows no order and no transfer."""

    async def find(self, _key: str) -> None:
        """Return nothing."""
        return

    async def position(self) -> Position:
        """Return the start of the log."""
        return START
