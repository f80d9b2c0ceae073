"""Processes that open a read model at the same moment, none of which finds any tables."""

import asyncio
import sys

import psycopg

from adapters.read_models.postgres.connections import SCHEMA
from tests.integration.read_models.conftest import Database

PROCESSES = 3


async def test_all_of_them_find_the_tables_made(database: Database) -> None:
    if isinstance(database, str):
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")  # type: ignore[call-overload]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.read_models.opening_process",
            "server" if isinstance(database, str) else "file",
            str(database),
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    said = [(await process.communicate())[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said
