"""Watches the log of a running exchange for market manipulation, and tells its operators."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import aclosing
from typing import Protocol

from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import START, Filter, LogReader, LogSubscriber, Position
from application.ports.measures import Measure, counter, gauge
from application.surveillance.finding import Finding
from application.surveillance.rules import Action, SurveillanceRules
from application.surveillance.surveillance import WATCHED, Surveillance
from application.watching.alerts import ACTIVE_MAX, Alerts, Concern

log = logging.getLogger(__name__)

READ_AGAIN = 100_000
"""How many events of the past are read again at most when a process begins."""


EXPIRE_EVERY_S = 5.0


class _Log(LogReader, LogSubscriber, Protocol): ...


class SurveillanceWatch:
    """Follows the log, beside everything else: nobody's order waits for it.

    What detectors know is in memory only. When the process begins it is learnt again from the log, from as
    far back as a finding can depend on; what was found there and goes on is an alert again.
    """

    def __init__(
        self, log: _Log, codec: EventCodec, rules: SurveillanceRules, alerts: Alerts, clock: Clock
    ) -> None:
        self._log = log
        self._codec = codec
        self._rules = rules
        self._alerts = alerts
        self._clock = clock
        self._began_us = clock.now_us()
        self._until_us: dict[str, int] = {}
        self._found = {rule.id: 0 for rule in rules.rules}
        self._events = 0
        self._surveillance = Surveillance(rules)
        self.position = START
        self._matching = Filter(types=tuple(map(codec.stored_type, WATCHED)))

    async def run(self) -> None:
        """Follow the log, until cancelled."""
        if not self._rules.rules:
            await asyncio.Event().wait()
        self._surveillance = Surveillance(self._rules)
        after = await self._far_enough_back()
        async with aclosing(self._log.subscribe(after=after, matching=self._matching)) as pages:
            async for page in pages:
                for stored in page.events:
                    for finding in self._surveillance.take(self._codec.decode(stored)):
                        self._tell(finding)
                self._events += len(page.events)
                self.position = page.position
                await asyncio.sleep(0)

    @property
    def rules(self) -> SurveillanceRules:
        """What is looked for."""
        return self._rules

    async def _far_enough_back(self) -> Position:
        since_us = self._clock.now_us() - self._rules.looks_back_us
        read = 0
        position = START
        async for page in self._log.read_all(backwards=True, limit=READ_AGAIN, matching=self._matching):
            if not page.events:
                continue
            read += len(page.events)
            position = page.events[-1].position
            if self._codec.decode(page.events[-1]).cause.at_us < since_us:
                return position
        return position if read >= READ_AGAIN else START

    def _tell(self, finding: Finding) -> None:
        """Tell operators of what goes on; what was found before this process began was told then."""
        ends_us = finding.at_us + finding.rule.window_us
        if finding.at_us >= self._began_us:
            self._found[finding.rule.id] += 1
            log.warning("surveillance: %s: %s", finding.subject, finding.sentence)
        if finding.rule.action is Action.ALERT and ends_us > self._clock.now_us():
            self._alerts.begin(
                Concern.MARKET_MANIPULATION,
                finding.subject,
                f"{finding.rule.severity.value}: {finding.sentence}",
            )
            # Of more than can go on at once, none has to be ended.
            if finding.subject in self._until_us or len(self._until_us) < ACTIVE_MAX:
                self._until_us[finding.subject] = ends_us

    async def expire(self) -> None:
        """End alerts once they are over, until cancelled."""
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            self.look()

    def look(self) -> None:
        """End the alerts about which nothing new was found for a window of their rules."""
        now_us = self._clock.now_us()
        for subject in [subject for subject, until_us in self._until_us.items() if until_us <= now_us]:
            del self._until_us[subject]
            self._alerts.end(Concern.MARKET_MANIPULATION, subject)

    def measures(self) -> Iterator[Measure]:
        """Yield what was looked at, found and forgotten."""
        yield counter(
            "presage_surveillance_findings",
            "Patterns of market manipulation found since the start, by rule.",
            {(rule,): number for rule, number in self._found.items()},
            "rule",
        )
        yield counter("presage_surveillance_events", "Events looked at for manipulation.", self._events)
        yield gauge("presage_surveillance_position", "Up to where the log was looked at.", self.position)
        yield gauge(
            "presage_surveillance_forgotten",
            "What had to be forgotten before its time for want of room.",
            self._surveillance.forgotten,
        )
