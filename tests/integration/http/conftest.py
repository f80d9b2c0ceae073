"""The exchange under test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.http.world import Person, World, a_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as opened:
        yield opened


@pytest.fixture
async def operator(world: World) -> Person:
    return await world.operator()


@pytest.fixture
async def ann(world: World) -> Person:
    return await world.person("ann", dollars=1_000)


@pytest.fixture
async def bob(world: World) -> Person:
    return await world.person("bob", dollars=1_000, pair=1)


@pytest.fixture
async def market(world: World, operator: Person) -> str:
    await world.market(operator)
    return "FED-CUT"
