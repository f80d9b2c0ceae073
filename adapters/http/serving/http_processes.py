"""How the HTTP processes get on: each reports to the engine, which tells of all of them."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from adapters.engine_lines.messages import Figure, Report, Seen, Told, Wrong
from adapters.engine_lines.shared_notes import SharedNotes
from application.health import Health, Trouble
from application.ports.event_store import Position
from application.ports.measures import Kind, Measure, Measured, counter, gauge, summed
from application.watching.histogram import Histogram
from application.watching.traffic import LATENCY_S, Traffic

SHOWN_S = 1.0
"""How long a command waits that all readers are to see."""

LOOK_S = 0.002

CPU = "presage_role_cpu_seconds"
CPU_MEANING = "Processor time of the processes that serve, by what they do."


def processor_time(role: str) -> Measure:
    """Return the processor time of this process."""
    return counter(CPU, CPU_MEANING, {(role,): time.process_time()}, "role")


class Reporter:
    """Makes the reports of an HTTP process; what it has counted is told once."""

    def __init__(
        self, worker: int, pid: int, traffic: Traffic, parts: Sequence[Measured], health: Health
    ) -> None:
        self._worker = worker
        self._pid = pid
        self._traffic = traffic
        self._parts = parts
        self._health = health
        self._before = Traffic(tuple(traffic.requests))

    def report(self) -> Report:
        """Return how it gets on, and what has come in since the last report."""
        measures = [processor_time("http"), *summed(each for part in self._parts for each in part.measures())]
        return Report(
            worker=self._worker,
            pid=self._pid,
            in_flight=self._traffic.in_flight,
            traffic=self._seen(),
            measures=[_told(measure) for measure in measures],
            conditions=[
                Wrong(part=each.part, code=each.code.value, message=each.message)
                for each in self._health.conditions
                if each.code is not Trouble.ENGINE_AWAY
            ],
        )

    def _seen(self) -> list[Seen]:
        now, before = self._traffic, self._before
        seen: list[Seen] = []
        for name, ends in now.requests.items():
            more = {end: n - before.requests[name][end] for end, n in ends.items()}
            if any(more.values()):
                took = Histogram(LATENCY_S)
                took.add(now.latency_s[name], before.latency_s[name])
                seen.append(Seen(route_class=name, ends=more, counts=took.counts, total_s=took.total))
                before.requests[name] = dict(ends)
                before.latency_s[name] = now.latency_s[name].copy()
        return seen


class HttpProcesses:
    """Knows how many HTTP processes there are, and adds up what they tell."""

    def __init__(self, number: int, notes: SharedNotes, traffic: Traffic, health: Health) -> None:
        self.present: set[int] = set()
        self._number = number
        self._notes = notes
        self._traffic = traffic
        self._health = health
        self._latest: dict[int, Report] = {}
        self._ended: list[Measure] = []
        self._wrong: dict[int, set[tuple[str, Trouble]]] = {}

    def reported(self, report: Report) -> None:
        """Take note of a report."""
        former = self._latest.get(report.worker)
        if former is not None and former.pid != report.pid:
            self._ended = [*summed([*self._ended, *_counters(former)])]
        self._latest[report.worker] = report
        if report.worker not in self.present:
            self.present.add(report.worker)
            self._health.clear(_name(report.worker), Trouble.HTTP_PROCESS_AWAY)
        for seen in report.traffic:
            self._take(seen)
        self._traffic.in_flight = sum(self._latest[worker].in_flight for worker in self.present)
        self._tell_of(report)

    def gone(self, worker: int) -> None:
        """Take note that a process has hung up."""
        self.present.discard(worker)
        self._notes.forget_feeds(worker)
        self._traffic.in_flight = sum(self._latest[worker].in_flight for worker in self.present)
        if not self._health.ending:
            self._health.report(
                _name(worker), Trouble.HTTP_PROCESS_AWAY, "it has ended, and is started again"
            )

    async def shown(self, position: Position) -> None:
        """Wait a little until all of them see so far."""
        notes, loop = self._notes, asyncio.get_running_loop()
        until = loop.time() + SHOWN_S
        # They note it in memory that is shared, which wakes nobody.
        while any(notes.seen_by(worker) < position for worker in self.present):
            if loop.time() > until:
                return
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Report those that are not there."""
        for worker in set(range(self._number)) - self.present:
            self._health.report(
                _name(worker), Trouble.HTTP_PROCESS_AWAY, "it is not there, and is started again"
            )

    def measures(self) -> Iterator[Measure]:
        """Yield what they measure, added up, and how many there are."""
        yield gauge(
            "presage_http_processes",
            "Processes that answer requests; 0 where the exchange does so itself.",
            len(self.present),
        )
        told = [_measure(each) for worker in self.present for each in self._latest[worker].measures]
        ended = [_counters(report) for worker, report in self._latest.items() if worker not in self.present]
        yield from summed([*told, *self._ended, *(each for measures in ended for each in measures)])
        yield processor_time("engine")

    def _take(self, seen: Seen) -> None:
        requests, took = self._traffic.requests[seen.route_class], Histogram(LATENCY_S)
        for end, number in seen.ends.items():
            requests[end] += number
        took.counts, took.total = seen.counts, seen.total_s
        self._traffic.latency_s[seen.route_class].add(took)

    def _tell_of(self, report: Report) -> None:
        """Have the engine's readiness tell what is wrong with an HTTP process."""
        wrong = {
            (f"{_name(report.worker)}: {each.part}", Trouble(each.code)): each for each in report.conditions
        }
        for (part, code), each in wrong.items():
            self._health.report(part, code, each.message)
        for part, code in self._wrong.get(report.worker, set()) - wrong.keys():
            self._health.clear(part, code)
        self._wrong[report.worker] = set(wrong)


def _name(worker: int) -> str:
    return f"HTTP process {worker}"


def _told(measure: Measure) -> Told:
    return Told(
        name=measure.name,
        meaning=measure.meaning,
        kind=measure.kind.value,
        labels=measure.labels,
        figures=[_figure(tuple(map(str, labels)), value) for labels, value in measure.values.items()],
    )


def _figure(labels: tuple[str, ...], value: float | Histogram) -> Figure:
    if isinstance(value, Histogram):
        return Figure(labels=labels, value=value.total, bounds=value.bounds, counts=tuple(value.counts))
    return Figure(labels=labels, value=value)


def _measure(told: Told) -> Measure:
    values = {each.labels: _value(each) for each in told.figures}
    return Measure(
        name=told.name, meaning=told.meaning, kind=Kind(told.kind), labels=told.labels, values=values
    )


def _value(figure: Figure) -> float | Histogram:
    if not figure.counts:
        return figure.value
    value = Histogram(figure.bounds)
    value.counts, value.total = list(figure.counts), figure.value
    return value


def _counters(report: Report) -> list[Measure]:
    """Return what a process has counted that is no more: counters never go back."""
    return [_measure(told) for told in report.measures if told.kind != Kind.GAUGE.value]
