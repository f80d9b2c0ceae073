"""What another instance of Presage on the same log may be carrying out is left to it for a while."""

import asyncio
import math
from collections.abc import Callable

from domain.identifiers import OrderId

GRACE_S = 15.0
"""How long a saga is left to whoever may be carrying it out: longer than callers wait for the answer.

It only saves an order: one that is ended too early is refused, and its money goes back.
"""


class OthersMayBeBusy:
    """Says whether a saga is being carried out, here or perhaps elsewhere."""

    def __init__(self, busy_here: Callable[[OrderId], bool]) -> None:
        self._busy_here = busy_here
        self._first_seen_s: dict[OrderId, float] = {}

    def __call__(self, order_id: OrderId) -> bool:
        """Return whether nobody may end it yet."""
        if self._busy_here(order_id):
            return True
        now_s = asyncio.get_running_loop().time()
        if now_s - self._first_seen_s.get(order_id, -math.inf) > 2 * GRACE_S:
            # An earlier saga of this order came to its end: it was looked at since, if it had not.
            self._first_seen_s.pop(order_id, None)
            self._first_seen_s[order_id] = now_s
            self._forget(now_s)
        return now_s - self._first_seen_s[order_id] < GRACE_S

    def _forget(self, now_s: float) -> None:
        """Forget what was first seen long ago, which comes first."""
        while True:
            order_id, seen_s = next(iter(self._first_seen_s.items()))
            if now_s - seen_s <= 2 * GRACE_S:
                return
            del self._first_seen_s[order_id]
