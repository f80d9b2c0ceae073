"""Handles each message once, though it is delivered at least once (exercise 19)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum

from application.ports.handled import HandledMessages, Standing
from application.ports.queue import QueueError, QueueMessage

log = logging.getLogger(__name__)

Handler = Callable[[QueueMessage], Awaitable[None]]


class Outcome(Enum):
    """What became of a message that did not fail."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"
    """It was handled before: acknowledge it."""
    UNDER_WAY = "under_way"
    """Another consumer is handling it: do not acknowledge it, it is wanted again if that one dies."""


class IdempotentHandler:
    """Calls ``handler`` for messages that ``handled`` does not know.

    Whatever the memory forgets is handled again, and so is a message whose handler died after its effect. So
    the handler passes the message's id on as the id of its command, by which the aggregates know it.
    """

    def __init__(self, handler: Handler, handled: HandledMessages) -> None:
        self._handler = handler
        self._handled = handled

    async def __call__(self, messages: Sequence[QueueMessage]) -> Sequence[Outcome | Exception]:
        """Handle a batch, begun in its order; return what became of each, or why it failed.

        Raises :class:`QueueError` if nothing was handled because the memory could not be asked.
        """
        standings = await self._handled.claim([message.message_id for message in messages])
        ours = [
            message
            for message, standing in zip(messages, standings, strict=True)
            if standing is Standing.OURS
        ]
        faults = await asyncio.gather(*map(self._handler, ours), return_exceptions=True)
        for fault in faults:
            if fault is not None and not isinstance(fault, Exception):
                raise fault
        failed = {
            message.message_id: fault
            for message, fault in zip(ours, faults, strict=True)
            if isinstance(fault, Exception)
        }
        await self._note(
            [message.message_id for message in ours if message.message_id not in failed], list(failed)
        )
        return [
            failed.get(message.message_id, Outcome.HANDLED)
            if standing is Standing.OURS
            else _OTHERS[standing]
            for message, standing in zip(messages, standings, strict=True)
        ]

    async def _note(self, handled: Sequence[str], failed: Sequence[str]) -> None:
        try:
            if handled:
                await self._handled.remember(handled)
            if failed:
                await self._handled.give_up(failed)
        except QueueError as error:
            # The effects are there. At worst the messages come again, and the aggregates know them.
            log.warning("%d messages were handled and it cannot be noted: %s", len(handled), error)


_OTHERS = {Standing.HANDLED: Outcome.DUPLICATE, Standing.UNDER_WAY: Outcome.UNDER_WAY}
