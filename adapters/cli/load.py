"""``presage load``: whether an exchange bears an election night."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import safe, show, table
from adapters.load.profiles import PROFILES
from adapters.settings import Settings

if TYPE_CHECKING:
    from adapters.load.running import Outcome, Plan

app = typer.Typer()

_LEAST, _MOST = 0.001, 100

_TOO_MUCH = (
    "this machine could not make the load: one request in a hundred was sent {:,.0f} ms late or more; "
    "try a smaller --scale, or other --processes"
)


@app.command()
def load(
    *,
    profile: Annotated[str, typer.Option(help=f"One of {', '.join(PROFILES)}.")] = "ordinary",
    scale: Annotated[
        float, typer.Option(min=_LEAST, max=_MOST, help="How much of the profile's rates.")
    ] = 1.0,
    duration: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds.")] = 60.0,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that send.")] = max(
        1, (os.cpu_count() or 2) // 2
    ),
    connections: Annotated[int, typer.Option(min=1, max=10_000, help="Connections of each.")] = 64,
    seed: Annotated[int, typer.Option(help="What arrives when, and what it asks.")] = 1,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a page with charts here.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of a running exchange. [default: an exchange made for the load]"),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Scales to try one after the other, as 0.1,0.2,0.5, until one is not borne."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Send requests as they come on an ordinary day or an election night; judge by the service levels.

    Requests are sent when they are due, and measured from then on. On a running exchange the load makes
    markets and traders of its own. Exit status 1 tells that a service level was not held, 2 that this
    machine could not make the load. With --steps it is also told up to which scale all was held.
    """
    if profile not in PROFILES:
        raise typer.BadParameter(f"there is no {profile!r}; there are {', '.join(PROFILES)}")
    try:
        from adapters.load.report import as_document, as_page  # noqa: PLC0415 (needs what may be missing)
        from adapters.load.running import Plan  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Failure(
            "missing_package", f"{error.name} is not installed", details="pip install 'presage[bench]'"
        ) from error
    plan = Plan(
        name=profile,
        scale=scale,
        duration_s=duration,
        processes=processes,
        connections=connections,
        seed=seed,
    )
    if steps is not None:
        _in_steps(plan, _scales(steps), data, report, as_json=as_json)
        return
    outcome = asyncio.run(_run(plan, data))
    if report is not None:
        report.write_text(as_page(outcome), encoding="utf-8")
    told = as_document(outcome)
    show(told, as_json=as_json, view=lambda: _view(outcome, told))
    if not outcome.held:
        raise typer.Exit(1 if outcome.generated else 2)


def _scales(steps: str) -> Sequence[float]:
    """Return the scales that are named, from the smallest on."""
    try:
        scales = sorted(float(each) for each in steps.split(","))
    except ValueError:
        raise typer.BadParameter(f"--steps: {steps!r} is no list of scales, as 0.1,0.2,0.5") from None
    if not all(_LEAST <= each <= _MOST for each in scales):
        raise typer.BadParameter(f"--steps: a scale is at least {_LEAST} and at most {_MOST}")
    return scales


def _in_steps(
    plan: "Plan", scales: Sequence[float], data: Path | None, report: Path | None, *, as_json: bool
) -> None:
    """Try one scale after the other until one is not borne."""
    from adapters.load.report import as_page  # noqa: PLC0415 (as above)
    from adapters.load.steps import Steps  # noqa: PLC0415

    outcomes: list[Outcome] = []
    for scale in scales:
        outcomes.append(asyncio.run(_run(replace(plan, scale=scale), data)))
        if report is not None:
            report.write_text(as_page(outcomes[-1]), encoding="utf-8")
        if not outcomes[-1].held:
            break
    found = Steps(outcomes)
    show(found.document(), as_json=as_json, view=lambda: found.sentence + "\n\n" + found.table())
    if not outcomes[-1].held:
        raise typer.Exit(1 if outcomes[-1].generated else 2)


async def _run(plan: "Plan", data: Path | None) -> "Outcome":
    from adapters.load.running import private_exchange, run_load  # noqa: PLC0415 (as above)

    if data is not None:
        return await run_load(plan, Settings.from_environment(data=data))
    async with private_exchange() as settings:
        return await run_load(plan, settings)


def _view(outcome: "Outcome", told: dict[str, Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    return Group(
        f"{outcome.plan.profile.about}, at {outcome.plan.scale:g} of its rate: "
        f"{told['requests']:,} requests, {told['failed']:,} failed",
        table(["", "p50#", "p90#", "p99#", "p99.9#", "longest#"], _rows(told)),
        *(
            f"[{'green' if each.held else 'red'}]{'held' if each.held else 'broken'}[/] "
            f"{safe(each.promise)}: {safe(each.found)}"
            for each in outcome.verdicts
        ),
        "" if outcome.generated else f"[yellow]{_TOO_MUCH.format(outcome.late_ms)}[/]",
    )


def _rows(told: dict[str, Any]) -> Sequence[Sequence[str]]:
    return [
        (kind, *(f"{value:,.2f} ms" for value in percentiles.values()))
        for kind, percentiles in told["latency_ms"].items()
        if percentiles
    ]
