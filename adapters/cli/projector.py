"""``presage projector``: keeps read models up to date from a process of its own."""

import asyncio
import time
from typing import Annotated, Any

import typer
import uvloop

from adapters.bootstrap import open_projector
from adapters.cli.failures import Failure
from adapters.cli.logs import begin_logging
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, safe, say
from adapters.cli.process import Stopping, until_stopped
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.settings import Settings
from adapters.threads import give_way_soon
from application.shutdown import Step
from projections.running.progress import RunnerStats

app = typer.Typer()

TELL_EVERY_S = 1.0

PROJECTIONS_S = 10.0
"""How long the batch under way has to be committed or given up."""


@app.command()
def projector(
    *,
    attached: Annotated[
        bool, typer.Option("--attached", hidden=True, help="End together with the standard input.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Follow the log and keep the read models up to date, until interrupted.

    For an exchange that runs with --projector elsewhere. Any number may run: one writes at a time, and the
    others pass over what it has done. With --json, progress comes as an object a line.
    """
    settings = Settings.from_environment(data=data)
    begin_logging(settings.log_level)
    if settings.event_store == "memory":
        raise Failure(
            "no_log_to_follow",
            "an event store in memory cannot be followed from another process",
            details="set PRESAGE_EVENT_STORE to sqlite or to the address of an EventStoreDB",
        )
    give_way_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            until_stopped(
                lambda stopping: _project(settings, stopping, attached=attached, as_json=as_json),
                as_json=as_json,
            )
        )


async def _project(settings: Settings, stopping: Stopping, *, attached: bool, as_json: bool) -> None:
    if attached:
        stopping.obey_input({})
    async with open_projector(settings) as runner:
        collect_seldom()
        collect_in_calm(asyncio.get_running_loop())
        # Not a task group: it would wrap the fault that says what to do.
        work = asyncio.gather(runner.run(), _tell(runner.stats, as_json=as_json))
        stopping.steps.append(Step(name="projections", action=lambda: _end(work), limit_s=PROJECTIONS_S))
        try:
            await asyncio.wait([work])
            if not work.cancelled():
                work.result()
            await asyncio.Event().wait()
        finally:
            work.cancel()


async def _end(work: "asyncio.Future[Any]") -> None:
    """End the projections: what is not committed of the batch under way is taken in again the next time."""
    work.cancel()
    await asyncio.wait([work])


async def _tell(stats: RunnerStats, *, as_json: bool) -> None:
    """Tell how it gets on whenever that has changed."""
    told: dict[str, Any] = {}
    while True:
        known = _document(stats)
        if known != told:
            told = known
            print_json(known) if as_json else say(_line(known))
        await asyncio.sleep(TELL_EVERY_S)


def _document(stats: RunnerStats) -> dict[str, Any]:
    return {
        "position": stats.position,
        "caught_up": stats.caught_up,
        "events": stats.events,
        "events_per_s": round(stats.recent_rate(time.monotonic()), 1),
        "halted": dict(stats.halted),
        "parked": dict(stats.parked),
        "unavailable": stats.unavailable,
    }


def _line(known: dict[str, Any]) -> str:
    where = "up to date" if known["caught_up"] else "catching up"
    line = f"{where} at {known['position']:,}: {known['events']:,} events, {known['events_per_s']:,.0f}/s"
    for name, error in known["halted"].items():
        line += f"; {name} stands still: {error}"
    return safe(f"{line}; {known['unavailable']}" if known["unavailable"] else line)
