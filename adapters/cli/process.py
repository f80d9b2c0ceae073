"""What commands that run until they are interrupted have in common."""

import asyncio
import logging
import signal


def begin_logging() -> None:
    """Write warnings and errors to standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


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
