"""``presage capacity``: how much of everything is needed, by formula."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from adapters.caches.memory import MemoryCache
from adapters.cli.capacity_plan import plan
from adapters.cli.options import Json
from adapters.cli.output import show, table
from application.capacity import cache_hits, pool
from application.capacity.cache_hits import Outcome, Policy, Traffic

app = typer.Typer(no_args_is_help=True, help="How much of everything is needed, by formula.")
app.command()(plan)

SEED = 15


@app.command()
def cache(
    *,
    reads: Annotated[float, typer.Option(min=1, help="Reads of one key a minute.")] = 10_000,
    changes: Annotated[float, typer.Option(min=0.001, help="Changes of it a minute.")] = 50,
    ttl: Annotated[float, typer.Option(min=0.001, help="Seconds a value lives.")] = 5,
    minutes: Annotated[float, typer.Option(min=0.1, max=1_000, help="Minutes to simulate.")] = 30,
    as_json: Json = False,
) -> None:
    """How often a cache hits and how stale it is: formula, simulation, and a real cache.

    Compares a time to live, invalidation by events, and both.
    """
    traffic = Traffic(reads_per_min=reads, changes_per_min=changes)
    policies = (Policy(ttl_s=ttl), Policy(invalidated=True), Policy(ttl_s=ttl, invalidated=True))
    rows = [row for policy in policies for row in _outcomes(policy, traffic, minutes)]
    document = {
        "traffic": asdict(traffic),
        "outcomes": [{"policy": str(policy), "by": by} | asdict(outcome) for policy, by, outcome in rows],
    }
    show(document, as_json=as_json, view=lambda: _cache_view(rows))


def _outcomes(policy: Policy, traffic: Traffic, minutes: float) -> Sequence[tuple[Policy, str, Outcome]]:
    simulated = cache_hits.simulate(policy, traffic, minutes=minutes, seed=SEED)
    return [
        (policy, "formula", cache_hits.expected(policy, traffic)),
        (policy, "simulation", simulated),
        (policy, "measurement", asyncio.run(_measured(policy, traffic, minutes))),
    ]


async def _measured(policy: Policy, traffic: Traffic, minutes: float) -> Outcome:
    clock_s = 0.0

    def set_clock_s(now_s: float) -> None:
        nonlocal clock_s
        clock_s = now_s

    kept = MemoryCache(now_s=lambda: clock_s)
    return await cache_hits.measure(policy, traffic, kept, set_clock_s, minutes=minutes, seed=SEED)


def _cache_view(rows: Sequence[tuple[Policy, str, Outcome]]) -> Any:
    return table(
        ["policy~", "by", "hits#", "stale#", "behind on average#", "computed a minute#"],
        (
            (
                policy,
                by,
                f"{outcome.hit_rate:.3%}",
                f"{outcome.stale_rate:.2%}",
                f"{outcome.behind_s:.3f} s",
                f"{outcome.computed_per_min:.2f}",
            )
            for policy, by, outcome in rows
        ),
    )


@app.command("pool")
def connections(
    *,
    requests: Annotated[float, typer.Option(min=0.001, help="Requests a second.")] = 2_000,
    query_ms: Annotated[float, typer.Option(min=0.001, help="How long a query takes.")] = 3.0,
    network_ms: Annotated[float, typer.Option(min=0, help="To the database and back.")] = 0.5,
    instances: Annotated[int, typer.Option(min=1, help="API servers that share the load.")] = 4,
    wait_ms: Annotated[float, typer.Option(min=0.001, help="What 1 in 100 may wait for a connection.")] = 1.0,
    as_json: Json = False,
) -> None:
    """How many database connections are needed: Little's law, and the waits beside it."""
    load = pool.Load(requests_per_s=requests, query_s=query_ms / 1_000, network_s=network_ms / 1_000)
    wait_s = wait_ms / 1_000
    least, best = pool.minimum(load), pool.recommended(load, wait_p99_s=wait_s)
    states = [pool.state(load, size) for size in (*range(least, best + 2), 2 * best, 4 * best)]
    document = {
        "busy_connections": load.busy,
        "minimum": least,
        "recommended": best,
        "instances": instances,
        "per_instance": pool.per_instance(load, instances, wait_p99_s=wait_s),
        "per_instance_with_one_lost": pool.per_instance(load, instances, lost=1, wait_p99_s=wait_s)
        if instances > 1
        else None,
        "sizes": [{name: _finite(value) for name, value in asdict(each).items()} for each in states],
    }
    show(document, as_json=as_json, view=lambda: _pool_view(document, states))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _pool_view(document: dict[str, Any], states: Sequence[pool.PoolState]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    sizes = table(
        ["connections#", "busy#", "wait at all#", "mean wait#", "p99 wait#", "2,000 at once take#"],
        (
            (
                each.connections,
                f"{each.utilization:.0%}",
                f"{each.wait_share:.1%}",
                f"{each.wait_mean_s * 1_000:.3f} ms",
                f"{each.wait_p99_s * 1_000:.2f} ms",
                f"{each.burst_s * 1_000:.0f} ms",
            )
            for each in states
        ),
    )
    lost = document["per_instance_with_one_lost"]
    return Group(
        f"busy at any moment: {document['busy_connections']:.2f} connections (arrivals x time held)",
        f"at least {document['minimum']}; {document['recommended']} keep waits short",
        f"on {document['instances']} instances: {document['per_instance']} each"
        + (f", {lost} each to stand the loss of one" if lost else ""),
        sizes,
    )
