"""What a process says of itself, on standard error."""

import logging

from adapters.cli.output import visible
from adapters.redaction import redacted
from adapters.settings import LogLevel


def begin_logging(level: LogLevel = LogLevel.WARNING) -> None:
    """Write what is at least so grave to standard error; of what libraries say, warnings."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.name]))
    for ours in ("adapters", "application", "projections"):
        logging.getLogger(ours).setLevel(level.name)


class Discreet(logging.Formatter):
    """Writes no secrets, wherever in a record they are, and nothing that a terminal obeys.

    No message makes lines of its own: they could be taken for other records.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        """Return the line of a record."""
        return super().formatMessage(record).replace("\n", "\\n")

    def format(self, record: logging.LogRecord) -> str:
        """Return a record, with its traceback if it has one."""
        return visible(redacted(super().format(record)))
