"""Order confirmations for listeners in this process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from application.requests import OrderAccepted
from domain.identifiers import AccountId

WAITING = 1_000
"""How many confirmations one listener may leave unread before the oldest are dropped."""


class Broadcaster:
    """Hands each account's confirmations to its listeners, and never waits for a slow one."""

    def __init__(self) -> None:
        self._listeners: dict[AccountId, list[asyncio.Queue[OrderAccepted]]] = {}

    def order_confirmed(self, accepted: OrderAccepted) -> None:
        """Tell the order's account that it was placed."""
        if accepted.order is None:
            return
        for queue in self._listeners.get(accepted.order.account_id, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(accepted)

    @contextmanager
    def listen(self, account_id: AccountId) -> Iterator["asyncio.Queue[OrderAccepted]"]:
        """Give a queue that receives an account's confirmations while the context is open."""
        queue: asyncio.Queue[OrderAccepted] = asyncio.Queue(maxsize=WAITING)
        listeners = self._listeners.setdefault(account_id, [])
        listeners.append(queue)
        try:
            yield queue
        finally:
            listeners.remove(queue)
            if not listeners:
                del self._listeners[account_id]
