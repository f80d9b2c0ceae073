"""Ending a process in order: step by step, each in its time, each told of."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any

log = logging.getLogger(__name__)

Sleep = Callable[[float], Coroutine[Any, Any, None]]

LETTING_GO_S = 1.0
"""How long an action that is broken off has to let go of what it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to be done before the process ends, and how long it may take."""

    name: str
    action: Callable[[], Awaitable[object]]
    limit_s: float


class Outcome(StrEnum):
    """What became of a step: words that never change."""

    DONE = "done"
    OUT_OF_TIME = "out_of_time"
    """It was broken off at its limit; the next one began all the same."""
    FAILED = "failed"
    BROKEN_OFF = "broken_off"
    """The process was told to end at once while it went on."""
    LEFT_OUT = "left_out"
    """The process was told to end at once before it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """How a step went. ``message`` says what went wrong, if anything did."""

    step: str
    outcome: Outcome
    duration_s: float
    message: str = ""

    def document(self) -> dict[str, object]:
        """Return it as it is printed."""
        told: dict[str, object] = {
            "step": self.step,
            "outcome": self.outcome.value,
            "duration_s": round(self.duration_s, 3),
        }
        return told | ({"message": self.message} if self.message else {})


class Ending(StrEnum):
    """How a process ended: words that never change."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    """A step ran out of time, or failed."""
    AT_ONCE = "at_once"
    """A second signal came."""


STATUS = {Ending.CLEAN: 0, Ending.INCOMPLETE: 3, Ending.AT_ONCE: 4}
"""The exit status of a process that was asked to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownReport:
    """How a process ended, step by step."""

    steps: Sequence[StepReport]
    duration_s: float

    @property
    def ending(self) -> Ending:
        """How it ended on the whole."""
        outcomes = {each.outcome for each in self.steps}
        if outcomes & {Outcome.BROKEN_OFF, Outcome.LEFT_OUT}:
            return Ending.AT_ONCE
        return Ending.CLEAN if outcomes <= {Outcome.DONE} else Ending.INCOMPLETE

    @property
    def status(self) -> int:
        """The exit status of the process."""
        return STATUS[self.ending]

    def document(self) -> dict[str, object]:
        """Return the whole as it is printed after its steps."""
        return {"ended": self.ending.value, "duration_s": round(self.duration_s, 3), "status": self.status}


class GracefulShutdown:
    """Takes the steps one after the other; none keeps the next from its turn.

    Setting ``at_once`` breaks off the step under way and leaves out the others. That is safe at any moment:
    what was acknowledged is in the log. ``tell`` hears of each step as it ends.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        *,
        at_once: asyncio.Event,
        tell: Callable[[StepReport], None],
        now_s: Callable[[], float] = monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._steps = steps
        self._at_once = at_once
        self._tell = tell
        self._now_s = now_s
        self._sleep = sleep

    async def run(self) -> ShutdownReport:
        """Take all steps; return how they went."""
        began_s = self._now_s()
        reports: list[StepReport] = []
        for step in self._steps:
            report = await self._take(step)
            reports.append(report)
            self._tell(report)
        return ShutdownReport(steps=reports, duration_s=self._now_s() - began_s)

    async def _take(self, step: Step) -> StepReport:
        if self._at_once.is_set():
            return StepReport(step=step.name, outcome=Outcome.LEFT_OUT, duration_s=0.0)
        began_s = self._now_s()
        action = asyncio.ensure_future(_doing(step))
        limit = asyncio.ensure_future(self._sleep(step.limit_s))
        told = asyncio.ensure_future(self._at_once.wait())
        await asyncio.wait({action, limit, told}, return_when=asyncio.FIRST_COMPLETED)
        outcome, message = self._outcome(action, step)
        for each in (action, limit, told):
            each.cancel()
        await asyncio.wait({limit, told})
        if outcome is Outcome.OUT_OF_TIME:
            await asyncio.wait({action}, timeout=LETTING_GO_S)
        return StepReport(
            step=step.name, outcome=outcome, duration_s=self._now_s() - began_s, message=message
        )

    def _outcome(self, action: "asyncio.Future[None]", step: Step) -> tuple[Outcome, str]:
        if action.done():
            fault = action.exception() if not action.cancelled() else None
            if fault is None:
                return Outcome.DONE, ""
            log.error("the step %s failed", step.name, exc_info=fault)
            return Outcome.FAILED, f"{type(fault).__name__}: {fault}"
        if self._at_once.is_set():
            return Outcome.BROKEN_OFF, ""
        return Outcome.OUT_OF_TIME, f"it took more than {step.limit_s:g} s"


async def _doing(step: Step) -> None:
    await step.action()
