"""The log as read models need it, and whether it is the one that rows were made from."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from application.log.landmarks import stands
from application.ports.event_store import LogReader, LogSubscriber, StreamReader
from projections.running.store import Checkpoint, ReadModelOfAnotherLog


class Log(StreamReader, LogReader, LogSubscriber, Protocol):
    """A log that can be read as it is and followed."""


async def check_same_log(log: Log, marks: Mapping[str, Checkpoint], projections: Iterable[str]) -> None:
    """Raise :class:`ReadModelOfAnotherLog` unless the log holds the events that checkpoints stand at."""
    foreign: dict[str, str] = {}
    known: dict[object, bool] = {None: True}
    head = await log.head()
    for name in projections:
        mark = marks.get(name)
        if mark is None:
            continue
        if mark.landmark not in known:
            assert mark.landmark is not None
            known[mark.landmark] = await stands(log, mark.landmark)
        if not known[mark.landmark] or mark.position > head:
            foreign[name] = str(mark.landmark or f"position {mark.position}")
    if foreign:
        names = "--all" if foreign.keys() == marks.keys() else " ".join(foreign)
        raise ReadModelOfAnotherLog(
            f"the read model goes up to {next(iter(foreign.values()))}, which is not in the log: the log was "
            f"restored from a backup or replaced, or is another exchange's; run `presage rebuild {names}` to "
            "make the read models from the log as it is now"
        )
