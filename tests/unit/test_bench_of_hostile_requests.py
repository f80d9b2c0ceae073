"""The bench of hostile requests asks every route of the router for as much as it gives."""

from dataclasses import replace
from time import thread_time
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli import bench
from adapters.cli.failures import Failure
from adapters.http import app
from adapters.http.app import OPERATIONS
from adapters.http.operations import Reply
from benchmarks import hostile
from benchmarks._hostile_cases import CASES, REFUSED
from benchmarks._hostile_nonsense import LARGE_BODIES, NONSENSE
from benchmarks._hostile_world import Size
from benchmarks.hostile import (
    BARE_MS,
    ENOUGH,
    KEPT_MAX,
    MADE_ENOUGH,
    MADE_MAX,
    MADE_TIMES,
    ORDER_MAX,
    SLOWED,
    SLOWED_MS,
    STALL_MS_MAX,
    growing_with,
    run,
    slowing_with,
    too_slow,
)

SMALL = Size(
    markets=40, ended=5, in_event=20, fills=60, open_orders=300, cancelled=100, order_groups=20, keys=10
)
TIMES = 3


def test_every_route_has_a_largest_request() -> None:
    assert set(CASES) == {f"{operation.method} {operation.path}" for operation in OPERATIONS}


@pytest.mark.more
def test_the_largest_request_of_each_route_is_carried_out_and_keeps_nobody_waiting() -> None:
    measured = run(TIMES, SMALL)["ours"]["routes"]
    assert set(measured) == {*CASES, *NONSENSE, *LARGE_BODIES}
    for name, route in measured.items():
        statuses = {int(status) for status in route["statuses"].split()}
        assert not {status for status in statuses if status >= 500}, (name, route)
        if name not in CASES:
            continue
        assert REFUSED.get(name, 200) in statuses or statuses & {201, 204}, (name, route)
    # Against what the same machine needed for always the same work meanwhile.
    assert not too_slow(measured)
    assert not growing_with(measured)


STATUS, SCHEDULE, LIMITS = (
    f"GET /trade-api/v2/{name}" for name in ("exchange/status", "exchange/schedule", "account/limits")
)


@pytest.mark.more
def test_a_route_that_is_slow_and_one_that_leaks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    routes = {f"{operation.method} {operation.path}": operation for operation in OPERATIONS}

    async def slow(call: Any) -> Reply:
        begin = thread_time()
        while thread_time() - begin < 5 * STALL_MS_MAX / 1_000:
            pass
        return await routes[SCHEDULE].handler(call)

    async def leaking(call: Any) -> Reply:
        kept.append(bytes(2 * KEPT_MAX))
        return await routes[LIMITS].handler(call)

    planted = {
        SCHEDULE: replace(routes[SCHEDULE], handler=slow),
        LIMITS: replace(routes[LIMITS], handler=leaking),
    }
    monkeypatch.setitem(CASES, SCHEDULE, replace(CASES[SCHEDULE], repeats_max=6))
    monkeypatch.setattr(app, "OPERATIONS", tuple((routes | planted).values()))
    monkeypatch.setattr(hostile, "OPERATIONS", [routes[STATUS], *planted.values()])
    monkeypatch.setattr(hostile, "NONSENSE", {"a long number": NONSENSE["a long number"]})
    monkeypatch.setattr(hostile, "LARGE_BODIES", {})
    failed = run(ENOUGH, SMALL)["failed"]
    assert len(failed) == 2, failed
    assert failed[0].startswith(f"{SCHEDULE} keeps the loop for ")
    assert failed[1].startswith(f"{LIMITS} leaves ")
    assert len(kept) >= ENOUGH


def _route(**said: Any) -> dict[str, Any]:
    usual = {"stall_ms": 1.0, "bare_ms": BARE_MS, "kept_bytes_each": 0, "request_bytes": 100}
    usual |= {"stall_first_ms": 1.0, "stall_last_ms": 1.0}
    return {**usual, "repeats": ENOUGH, "makes": False, "orders": 1, **said}


def test_a_route_that_keeps_the_loop_too_long_is_told_on_a_slow_machine_too() -> None:
    routes = {
        "quick": _route(stall_ms=STALL_MS_MAX),
        "slow": _route(stall_ms=STALL_MS_MAX + 1),
        "slowed": _route(stall_ms=STALL_MS_MAX + 1, bare_ms=2 * BARE_MS),
    }
    assert too_slow(routes) == ["slow"]


def test_a_route_that_leaves_something_each_time_is_told() -> None:
    allowed = MADE_MAX + MADE_TIMES * 100 + ORDER_MAX
    routes = {
        "clean": _route(kept_bytes_each=KEPT_MAX),
        "grows": _route(kept_bytes_each=KEPT_MAX + 1),
        "asked too seldom to say": _route(kept_bytes_each=KEPT_MAX + 1, repeats=ENOUGH - 1),
        "makes something": _route(kept_bytes_each=allowed, makes=True, repeats=MADE_ENOUGH),
        "makes too much": _route(kept_bytes_each=allowed + 1, makes=True, repeats=MADE_ENOUGH),
    }
    assert growing_with(routes) == ["grows", "makes too much"]


def test_a_route_that_takes_longer_the_more_it_has_made_is_told() -> None:
    most = 10.0 * SLOWED + SLOWED_MS
    routes = {
        "steady": _route(makes=True, stall_first_ms=10.0, stall_last_ms=most),
        "slows down": _route(makes=True, stall_first_ms=10.0, stall_last_ms=most + 1),
        "makes nothing": _route(stall_first_ms=10.0, stall_last_ms=most + 1),
        "on a slow machine": _route(
            makes=True, bare_ms=2 * BARE_MS, stall_first_ms=10.0, stall_last_ms=most + SLOWED_MS
        ),
    }
    assert slowing_with(routes) == ["slows down"]


def test_the_command_fails_and_says_which_route_is_found_wanting(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"bench": "hostile", "n": 1, "conditions": {}, "ours": {}, "peers": {}, "ratios": {}}
    found = {**measured, "failed": ["GET /slow keeps the loop for 60 ms"]}
    monkeypatch.setattr(bench, "import_module", lambda _: SimpleNamespace(run=lambda *_: found))
    outcome = CliRunner().invoke(bench.app, ["hostile", "--n", "1"])
    assert isinstance(outcome.exception, Failure)
    assert "GET /slow keeps the loop for 60 ms" in outcome.exception.details
    monkeypatch.setattr(bench, "import_module", lambda _: SimpleNamespace(run=lambda *_: measured))
    assert CliRunner().invoke(bench.app, ["hostile", "--n", "1"]).exit_code == 0
