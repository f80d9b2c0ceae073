"""What commands that run until they are interrupted have in common."""

import asyncio
import logging
import signal

from adapters.redaction import redacted


def begin_logging() -> None:
    """Write warnings and errors to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class _Discreet(logging.Formatter):
    """Writes no secrets, wherever in a record they are."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def cancel_on_signal() -> None:
    """Have the first signal end this task; those that come while it closes change nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    signals = (signal.SIGINT, signal.SIGTERM)

    def end() -> None:
        for each in signals:
            loop.add_signal_handler(each, lambda: None)
        task.cancel()

    for each in signals:
        loop.add_signal_handler(each, end)
