"""An append whose outcome is unknown is repeated as it was until the store says what became of it."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    AppendTooLarge,
    EventStoreError,
    NewEvent,
    StreamAppender,
    WrongExpectedRevision,
)

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0

TOLD_AFTER_S = 7.0
"""How long callers wait for an append whose outcome is unknown before they are told so: a leader that is
frozen is replaced within six seconds."""


class Pauses:
    """Pauses that grow."""

    def __init__(self) -> None:
        self._next_s = FIRST_PAUSE_S

    async def rest(self) -> None:
        """Wait, each time twice as long."""
        await asyncio.sleep(self._next_s)
        self._next_s = min(2 * self._next_s, LONGEST_PAUSE_S)


async def appended(
    appender: StreamAppender,
    stream: str,
    events: Sequence[NewEvent],
    *,
    expected: int,
    overdue: Callable[[AppendOutcomeUnknown], None],
    given_up: Callable[[], bool],
) -> Appended:
    """Append, again and again if need be, until the answer is definite.

    Whoever waits is to be told when that is ``overdue``. Only when it is ``given_up``, because the process
    ends, is :class:`AppendOutcomeUnknown` raised.
    """
    try:
        return await appender.append(stream, events, expected=expected)
    except AppendOutcomeUnknown as error:
        unknown = error
    log.warning("%s: %d events at revision %d: %s", stream, len(events), expected, unknown)
    loop, pauses = asyncio.get_running_loop(), Pauses()
    tell_at: float | None = loop.time() + TOLD_AFTER_S
    while not given_up():
        await pauses.rest()
        try:
            return await appender.append(stream, events, expected=expected)
        except (WrongExpectedRevision, AppendTooLarge):
            raise  # it is not there, and cannot come any more
        except EventStoreError:
            # A repetition that was refused says nothing of the first.
            if tell_at is not None and loop.time() >= tell_at:
                overdue(unknown)
                tell_at = None
    raise unknown
