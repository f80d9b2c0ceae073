"""Takes messages from a queue, has them handled, and says what became of them."""

from collections.abc import Sequence

from application.ports.queue import Delivery, InvalidMessage, MessageTaker
from application.queues.idempotent import IdempotentHandler, Outcome


async def handle_next(taker: MessageTaker, handler: IdempotentHandler, *, most: int, wait_s: float) -> int:
    """Handle the next batch of a queue; return how many messages it had.

    What another consumer is handling, and what could not be handled for now, stays unacknowledged and comes
    again. A handler that raises :class:`InvalidMessage` makes a dead letter at once.
    """
    deliveries = await taker.take(most=most, wait_s=wait_s)
    outcomes = await handler([delivery.message for delivery in deliveries])
    done: list[Delivery] = []
    failed: dict[tuple[str, bool], list[Delivery]] = {}
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        if isinstance(outcome, Exception):
            why = f"{type(outcome).__name__}: {outcome}"[:WHY_CHARACTERS]
            failed.setdefault((why, isinstance(outcome, InvalidMessage)), []).append(delivery)
        elif outcome is not Outcome.UNDER_WAY:
            done.append(delivery)
    await _tell(taker, done, failed)
    return len(deliveries)


async def _tell(
    taker: MessageTaker, done: Sequence[Delivery], failed: dict[tuple[str, bool], list[Delivery]]
) -> None:
    if done:
        await taker.acknowledge(done)
    for (why, final), deliveries in failed.items():
        await taker.fail(deliveries, why, final=final)


WHY_CHARACTERS = 300
"""How much of an error a dead letter keeps."""
