"""The memory of which messages were handled; it may forget, and never the other way round."""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol


class Standing(Enum):
    """How it stands with a message."""

    OURS = "ours"
    """Nobody has handled it; it is claimed for whoever asked."""
    UNDER_WAY = "under_way"
    """Somebody has claimed it, and may still die before it is handled."""
    HANDLED = "handled"


class HandledMessages(Protocol):
    """Remembers ids: the latest of them, for a retention period.

    A claim runs out by itself, so that a message whose handler died is handled again. Raises
    :class:`~application.ports.queue.QueueUnavailable` where it cannot be asked.
    """

    async def claim(self, ids: Sequence[str]) -> Sequence[Standing]:
        """Claim those ids that nobody has handled or claimed; return how it stood with each."""
        ...

    async def remember(self, ids: Sequence[str]) -> None:
        """Take note that messages were handled."""
        ...

    async def give_up(self, ids: Sequence[str]) -> None:
        """Give claims of one's own up, so that the messages may be handled at once."""
        ...
