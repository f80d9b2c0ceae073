"""The bench of hostile requests asks every route of the router for as much as it gives."""

import pytest

from adapters.http.app import OPERATIONS
from benchmarks._hostile_cases import CASES, REFUSED
from benchmarks._hostile_world import Size
from benchmarks.hostile import BARE_MS, STALL_MS_MAX, run

SMALL = Size(
    markets=40, ended=5, in_event=20, fills=60, open_orders=300, cancelled=100, order_groups=20, keys=10
)
TIMES = 3


def test_every_route_has_a_largest_request() -> None:
    assert set(CASES) == {f"{operation.method} {operation.path}" for operation in OPERATIONS}


@pytest.mark.more
def test_the_largest_request_of_each_route_is_carried_out_and_keeps_nobody_waiting() -> None:
    measured = run(TIMES, SMALL)["ours"]["routes"]
    assert set(measured) == set(CASES)
    for name, route in measured.items():
        statuses = {int(status) for status in route["statuses"].split()}
        assert not {status for status in statuses if status >= 500}, (name, route)
        assert REFUSED.get(name, 200) in statuses or statuses & {201, 204}, (name, route)
    # Against what the same machine needed for always the same work meanwhile.
    slow = {
        name: route
        for name, route in measured.items()
        if route["stall_ms"] / route["bare_ms"] > STALL_MS_MAX / BARE_MS
    }
    assert not slow
