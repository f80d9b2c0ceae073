"""What is wrong with this process now: every part reports it here, and readiness is read off here.

Nothing dies silently: whatever stops a part of the process, or makes it wait, is reported with a stable code
and a sentence that says what to do, and taken back once the part goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

log = logging.getLogger(__name__)

SOUND_S = 2.0
"""What has run for so long after it was started again is taken to be well."""

PAUSES_S = (0.2, 30.0)
"""How long to wait before something that failed is started again: at first, and at most."""


class Trouble(StrEnum):
    """What can be wrong: codes that never change."""

    READ_MODELS_UNAVAILABLE = "read_models_unavailable"
    """Their database cannot be reached, does not answer, or does not take writes."""
    READ_MODELS_OUTDATED = "read_models_outdated"
    """The rows were written by another version of a projection."""
    READ_MODELS_OF_ANOTHER_LOG = "read_models_of_another_log"
    """The rows hold events that the log does not: it was restored or replaced."""
    PROJECTION_HALTED = "projection_halted"
    """A projection stands still at an event that it cannot take in."""
    PROJECTOR_FAILED = "projector_failed"
    """What keeps read models up to date has stopped, and is started again."""
    PROJECTOR_SILENT = "projector_silent"
    """There are events to take in, and the projector of another process does not."""
    EVENT_STORE_UNAVAILABLE = "event_store_unavailable"
    """The log cannot be read, followed or written."""
    EVENTS_MISSING = "events_missing"
    """The log was followed with a gap in the revisions of a stream."""
    EVENTS_LEFT_OUT = "events_left_out"
    """Rows lack events that came after later ones had been taken in."""
    UNREADABLE_EVENT = "unreadable_event"
    """The log holds an event that this version does not know."""
    SETTLEMENT_FAILED = "settlement_failed"
    """What follows from events (bookings, payouts, conditions) is not seen to."""
    SAGA_SET_ASIDE = "saga_set_aside"
    """An interrupted order cannot be brought to its end: its account places nothing more in its market."""
    FEED_BEHIND = "feed_behind"
    """The live feed does not tell what is in the log."""
    NOTICES_FAILED = "notices_failed"
    """Accounts are not told of their orders, though these are placed and stand."""
    LOG_REPLACED = "log_replaced"
    """The log is not the one that was opened: its file was moved or replaced, or its end is not in it."""
    LOG_AHEAD_OF_CLOCK = "log_ahead_of_clock"
    """The log's last event is dated later than this machine's clock: one of the two was or is wrong."""
    STREAM_UNREADABLE = "stream_unreadable"
    """What one stream holds cannot be taken in: its market, group or accounts take no commands."""
    CACHE_UNAVAILABLE = "cache_unavailable"
    """The shared cache cannot be reached: answers are made anew, which takes longer."""
    QUEUES_UNUSABLE = "queues_unusable"
    """What is behind the queues cannot serve as such: its configuration was changed."""
    DEAD_LETTERS = "dead_letters"
    """Messages between processes were handled in vain and given up."""
    GUARD_FAILS_OPEN = "guard_fails_open"
    """Limits or the firewall have failed: requests pass as if they were not there, or not shared."""
    ENGINE_AWAY = "engine_away"
    """The engine, which decides on everything, does not answer the HTTP processes; it is started again."""
    ENGINES_UNREACHABLE = "engines_unreachable"
    """One of several engines, or what messages go to them by: what is its own waits, the rest goes on."""
    HTTP_PROCESS_AWAY = "http_process_away"
    """One of the HTTP processes is not there; it is started again, and the others answer."""
    TASK_FAILED = "task_failed"
    """Some other work of the process has failed, and is started again."""
    SHUTTING_DOWN = "shutting_down"
    """The process was asked to end: it finishes what it has begun and takes nothing new before long."""

    @property
    def stops(self) -> "Stops":
        """How much of the exchange stands still while this is so."""
        return Stops.PART if self in _STOP_A_PART else Stops.EVERYTHING


class Stops(StrEnum):
    """How much something that is wrong stops."""

    EVERYTHING = "everything"
    """Commands, or what all readers see: requests are better sent elsewhere."""
    PART = "part"
    """One market, one projection, one account, or only speed: the rest works as ever."""


_STOP_A_PART = frozenset(
    {
        Trouble.PROJECTION_HALTED,
        Trouble.EVENTS_LEFT_OUT,
        Trouble.SAGA_SET_ASIDE,
        Trouble.LOG_AHEAD_OF_CLOCK,
        Trouble.STREAM_UNREADABLE,
        Trouble.CACHE_UNAVAILABLE,
        Trouble.NOTICES_FAILED,
        Trouble.FEED_BEHIND,
        Trouble.GUARD_FAILS_OPEN,
        Trouble.HTTP_PROCESS_AWAY,
        Trouble.TASK_FAILED,
        Trouble.QUEUES_UNUSABLE,
        Trouble.DEAD_LETTERS,
        Trouble.ENGINES_UNREACHABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is wrong: in which part, a stable code, and a sentence with what to do."""

    part: str
    code: Trouble
    message: str


class Health:
    """The one place every part reports to."""

    def __init__(self) -> None:
        self._conditions: dict[tuple[str, Trouble], Condition] = {}

    @property
    def conditions(self) -> Sequence[Condition]:
        """All that is wrong now, the oldest first."""
        return list(self._conditions.values())

    @property
    def stopped(self) -> bool:
        """Whether something is wrong that stops everything."""
        return any(code.stops is Stops.EVERYTHING for _, code in self._conditions)

    @property
    def ending(self) -> bool:
        """Whether the process was asked to end."""
        return any(code is Trouble.SHUTTING_DOWN for _, code in self._conditions)

    def report(self, part: str, code: Trouble, message: str) -> None:
        """Take note of something wrong; it is logged when it is new."""
        known = self._conditions.get((part, code))
        if known is None:
            log.error("%s: %s (%s)", part, message, code.value)
        if known is None or known.message != message:
            self._conditions[part, code] = Condition(part=part, code=code, message=message)

    def shuts_down(self) -> None:
        """Take note that the process is about to end, which is nothing wrong: readiness fails from now on."""
        self._conditions["process", Trouble.SHUTTING_DOWN] = Condition(
            part="process", code=Trouble.SHUTTING_DOWN, message="it was asked to end; ask another instance"
        )

    def clear(self, part: str, code: Trouble) -> None:
        """Take note that it is over."""
        if self._conditions.pop((part, code), None) is not None:
            log.warning("%s: no longer %s", part, code.value)


class Pauses:
    """Growing pauses between tries."""

    def __init__(self, first_s: float = PAUSES_S[0], longest_s: float = PAUSES_S[1]) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return how long to wait this time."""
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, self._longest_s)
        return pause_s

    def begin_again(self) -> None:
        """Go back to the shortest pause."""
        self._next_s = self._first_s


async def kept_running(
    work: Callable[[], Awaitable[None]], *, health: Health, part: str, code: Trouble = Trouble.TASK_FAILED
) -> None:
    """Run work that is to go on for ever; when it fails, say so and start it again, until cancelled."""
    pauses, loop = Pauses(), asyncio.get_running_loop()

    def sound() -> None:
        pauses.begin_again()
        health.clear(part, code)

    while True:
        well = loop.call_later(SOUND_S, sound)
        try:
            await work()
            fault = "it ended"
        except Exception as error:
            log.exception("%s has failed", part)
            fault = f"{type(error).__name__}: {error}"
        finally:
            well.cancel()
        health.report(part, code, f"{fault}; it is started again and again until it goes on")
        await asyncio.sleep(pauses.next_s())
