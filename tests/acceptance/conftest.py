"""Fixtures of the acceptance tests."""

from collections.abc import Iterator

import pytest

from adapters.settings import VARIABLES
from tests.acceptance.event_stores import EVENT_STORES, EVERY_STORE, event_store
from tests.acceptance.in_a_cluster import (
    CLUSTER,
    services_for_a_file,
    stop_what_is_shared,
    why_left_out,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is not told of a cluster."""
    for item in items:
        if CLUSTER and (reason := why_left_out(item.nodeid)):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _defaults() -> Iterator[None]:
    """Leave out the settings of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES.values():
            patch.delenv(name, raising=False)
        yield
    stop_what_is_shared()


@pytest.fixture(scope="module", autouse=True)
def _services(_defaults: None) -> Iterator[None]:
    """Stop what the exchanges of a file were spread over, where they were clusters."""
    with services_for_a_file():
        yield


@pytest.fixture(params=EVENT_STORES)
def on_each_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tell the same story on every event store."""
    with event_store(request.param, tmp_path_factory.mktemp("node")):
        yield


@pytest.fixture(params=EVERY_STORE)
def on_every_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Tell the same story on every event store, the one for ordinary tools too."""
    with event_store(request.param, tmp_path_factory.mktemp("log")):
        yield
