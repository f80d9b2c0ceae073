"""A receiver that writes a line for every order, but never more lines than somebody could read."""

import logging
import time
from collections.abc import Callable, Sequence

from application.notices.notice import Notice

log = logging.getLogger(__name__)

LINES_PER_S = 10


class LogLine:
    """Writes up to ``LINES_PER_S`` lines in a second; the next line counts what came on top."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._since_s = now_s()
        self._lines = self._more = 0

    async def resume(self) -> None:
        """Do nothing: a line that was written is written."""

    async def take(self, notices: Sequence[Notice]) -> None:
        """Write a line for each."""
        if not log.isEnabledFor(logging.INFO):
            return
        now_s = self._now_s()
        if now_s - self._since_s >= 1:
            self._since_s, self._lines = now_s, 0
        for notice in notices:
            if notice.webhook is not None:
                continue  # sent again; it had its line
            if self._lines < LINES_PER_S:
                self._write(notice)
            else:
                self._more += 1

    def _write(self, notice: Notice) -> None:
        event = notice.order.event
        before = f" after {self._more} more orders" if self._more else ""
        log.info("order %s of %s was placed in %s%s", event.order_id, event.account_id, notice.ticker, before)
        self._lines, self._more = self._lines + 1, 0
