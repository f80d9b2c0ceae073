"""``presage capacity plan``: the machines for a load, and their price (exercise 30)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import show, table
from application.capacity.planner import (
    MEASURED,
    RULES_OF_THUMB,
    CapacityPlanner,
    Plan,
    Prices,
    Scenario,
    UnitCosts,
    unit_costs,
)


def plan(
    *,
    markets: Annotated[int, typer.Option(min=1, help="Markets that trade.")] = 100,
    requests: Annotated[float, typer.Option(min=0, help="Requests a second at the peak.")] = 20_000,
    orders: Annotated[float, typer.Option(min=0, help="Orders among them.")] = 2_000,
    headroom: Annotated[float, typer.Option(min=1, help="How many times the peak there is room for.")] = 2.0,
    hottest: Annotated[float, typer.Option(min=0, max=1, help="The busiest market's part of orders.")] = 0.2,
    peak_hours: Annotated[float, typer.Option(min=0.1, max=730, help="Hours of peak a month.")] = 6.0,
    months: Annotated[int, typer.Option(min=1, help="For how many months what is written is kept.")] = 1,
    core_hour: Annotated[float, typer.Option(min=0, help="Dollars for a core and hour.")] = 0.05,
    gb_hour: Annotated[float, typer.Option(min=0, help="Dollars for a GB of memory and hour.")] = 0.01,
    gb_month: Annotated[float, typer.Option(min=0, help="Dollars for a GB of storage and month.")] = 0.10,
    measured: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="What `presage bench capacity --json` printed. [default: the figures in the documents]",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What a load needs of everything, and what it costs a month (exercise 30).

    Twice: at what an order and a read were measured to take, and at rules of thumb.
    """
    try:
        scenario = Scenario(
            markets=markets,
            requests_per_s=requests,
            orders_per_s=orders,
            headroom=headroom,
            hottest_share=max(hottest, 1 / markets),
            peak_hours=peak_hours,
            months_kept=months,
        )
    except ValueError as error:
        raise Failure("invalid_scenario", str(error)) from error
    prices = Prices(core_hour=core_hour, gb_hour=gb_hour, gb_month=gb_month)
    plans = [
        CapacityPlanner(costs, prices).plan(scenario)
        for costs in (MEASURED if measured is None else _measured_costs(measured), RULES_OF_THUMB)
    ]
    show([_document(each) for each in plans], as_json=as_json, view=lambda: _view(plans))


def _measured_costs(path: Path) -> UnitCosts:
    try:
        return unit_costs(json.loads(path.read_bytes()), source=path.name)
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(
            "invalid_measurement",
            f"{path} is not what `presage bench capacity --json` prints",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _document(plan: Plan) -> dict[str, Any]:
    return {
        "costs": plan.costs.source,
        "busy_cores": plan.busy_cores,
        "cores": plan.cores,
        "cost_per_month": plan.cost_per_month,
        "components": [
            asdict(each) | {"cores": each.cores, "cost_per_month": each.cost_per_month}
            for each in plan.components
        ],
        "most_expensive": plan.most_expensive.role,
        "optimizations": [asdict(each) for each in plan.optimizations],
        "warnings": plan.warnings,
    }


def _view(plans: Sequence[Plan]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    return Group(*(part for plan in plans for part in _parts(plan)))


def _parts(plan: Plan) -> Iterator[Any]:
    yield (
        f"by {plan.costs.source}: {plan.cores} cores, ${plan.cost_per_month:,.0f} a month; "
        f"the peak keeps {plan.busy_cores:.1f} cores busy"
    )
    yield table(
        ["part~", "busy cores#", "instances#", "cores each#", "GB each#", "storage each#", "a month#"],
        (
            (
                each.role,
                f"{each.busy_cores:.2f}",
                each.instances,
                each.cores_each,
                f"{each.gb_each:g}",
                f"{each.storage_gb_each:,.0f} GB" if each.storage_gb_each else "",
                f"${each.cost_per_month:,.0f}",
            )
            for each in plan.components
        ),
    )
    yield f"the most expensive part: {plan.most_expensive.role}"
    for each in plan.optimizations:
        yield f"${each.saved_per_month:,.0f} less: {each.what}"
    for warning in plan.warnings:
        yield f"[yellow]{warning}[/]"
    yield ""
