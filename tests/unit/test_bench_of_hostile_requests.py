"""The bench of hostile requests is made from the table of routes: a new one is in it without being named."""

from adapters.http.app import OPERATIONS
from benchmarks.hostile import largest_body, largest_query, run


def test_every_route_has_a_largest_request() -> None:
    for operation in OPERATIONS:
        assert largest_query(operation) is not None
        assert operation.body is None or isinstance(largest_body(operation), dict)


def test_every_route_is_measured() -> None:
    measured = run(3)["ours"]["routes"]
    assert set(measured) == {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    assert not [name for name, route in measured.items() if "500" in route["statuses"]]
