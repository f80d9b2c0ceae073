"""``presage simulate``: the whole exchange under seeds, faults and all, in simulated time."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from typing import Annotated, Any

import typer

from adapters.cli.options import Json
from adapters.cli.output import print_json, safe, say
from adapters.simulation.running import Outcome, simulate
from adapters.simulation.shrinking import TRIES, shrink

app = typer.Typer()


@app.command("simulate")
def run_seeds(
    *,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds.")] = 100,
    first: Annotated[int, typer.Option("--from", min=0, help="The first of them.")] = 1,
    commands: Annotated[int, typer.Option(min=1, max=1_000_000, help="Commands of each seed.")] = 1_000,
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = os.cpu_count() or 1,
    tries: Annotated[int, typer.Option(min=0, help="Runs to find a shorter history with.")] = TRIES,
    as_json: Json = False,
) -> None:
    """Run the whole exchange in simulated time: commands, faults, crashes and clocks all come from a seed.

    A seed that goes wrong is told with the shortest history found, and always goes the same way again. Exit
    status 1 tells that one did.
    """
    failed: list[Outcome] = []
    events = 0
    for outcome in _outcomes(range(first, first + seeds), commands, processes):
        events += outcome.events
        if not outcome.held:
            failed.append(outcome)
            if not as_json:
                say(f"[red]seed {outcome.seed}: {safe(outcome.wrong[0])}[/]")
    shrunk = [shrink(each, partial(_again, each.seed), tries) for each in failed[:1]]
    if as_json:
        print_json(
            {
                "seeds": seeds,
                "first": first,
                "commands": commands,
                "events": events,
                "failed": [
                    {"seed": each.seed, "wrong": each.wrong, "digest": each.digest} for each in failed
                ],
                "shrunk": [
                    {"seed": each.seed, "wrong": each.wrong, "history": each.history} for each in shrunk
                ],
            }
        )
    else:
        _tell(seeds, commands, events, failed, shrunk)
    if failed:
        raise typer.Exit(1)


def _outcomes(seeds: Sequence[int], commands: int, processes: int) -> Iterator[Outcome]:
    with get_context("spawn").Pool(min(processes, len(seeds)), initializer=_quiet) as pool:
        yield from pool.imap(partial(_one, commands), seeds)


def _one(commands: int, seed: int) -> Outcome:
    return simulate(seed, commands=commands)


def _again(seed: int, steps: Sequence[Any]) -> Outcome:
    _quiet()
    return simulate(seed, steps=steps)


def _quiet() -> None:
    """What happens to a simulated exchange is in its history."""
    logging.disable(logging.CRITICAL)


def _tell(
    seeds: int, commands: int, events: int, failed: Sequence[Outcome], shrunk: Sequence[Outcome]
) -> None:
    for each in shrunk:
        say(f"\nseed {each.seed}, the {len(each.steps)} steps that are left of it:")
        sys.stdout.write("".join(f"  {safe(line)}\n" for line in each.history))
    held = seeds - len(failed)
    say(f"{held:,} of {seeds:,} seeds of {commands:,} commands held, {events:,} events")
