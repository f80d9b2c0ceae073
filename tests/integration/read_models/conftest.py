"""Every test of the read models that asks for ``database`` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import fresh_postgres

Database = Path | str


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield tmp_path / "read.db"
    else:
        with fresh_postgres() as address:
            yield address
