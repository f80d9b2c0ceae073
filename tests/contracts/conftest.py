"""Fixtures of the contract suites."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.event_log import Log, open_log
from tests.contracts.stores import LONGER, STORES


@pytest.fixture(
    params=[*sorted(STORES), *(pytest.param(name, marks=pytest.mark.more) for name in sorted(LONGER))]
)
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    async with (STORES | LONGER)[request.param](tmp_path) as store:
        yield await open_log(store)
