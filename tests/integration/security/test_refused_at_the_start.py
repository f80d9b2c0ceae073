"""What is refused before anything is served: passwords that everybody knows, databases that lose data."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.read_models.postgres import durability
from adapters.read_models.postgres.connections import SCHEMA
from adapters.read_models.postgres.durability import UnsafeDatabase, refuse_unsafe
from adapters.read_models.postgres.opening import postgres
from adapters.settings import Settings
from tests.acceptance.presage_process import presage_here
from tests.databases import postgres_server


def test_the_password_that_every_eventstoredb_begins_with_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESAGE_EVENT_STORE", "esdb://admin:changeit@127.0.0.1:1")
    for command in ("serve", "verify"):
        done = presage_here(command, "--data", tmp_path, "--json")
        assert (done.status, done.json["error"]["code"]) == (1, "invalid_setting")
        assert "which everybody knows" in done.json["error"]["message"]
        assert "changeit" not in done.stdout


def test_it_listens_to_this_machine_alone_unless_told_otherwise() -> None:
    assert Settings.from_environment({}).host == "127.0.0.1"
    assert Settings.from_environment({}).for_this_machine


@pytest.fixture
def careless() -> Iterator[str]:
    """Have a real server not write whole pages for a while, which only a crash of its machine would show."""
    address = postgres_server()
    with psycopg.connect(address, autocommit=True) as connection:

        def set_to(value: str) -> None:
            connection.execute(f"ALTER SYSTEM SET full_page_writes = {value}")
            connection.execute("SELECT pg_reload_conf()")
            until = time.monotonic() + 10
            while connection.execute("SHOW full_page_writes").fetchone() != (value,):
                assert time.monotonic() < until
                time.sleep(0.01)

        set_to("off")
        yield address
        set_to("on")


async def test_a_database_elsewhere_that_would_lose_data_is_refused_and_one_here_told_about(
    careless: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await refuse_unsafe(careless, SCHEMA)
    assert "full_page_writes is off" in caplog.text
    monkeypatch.setattr(durability, "is_here", lambda _: False)
    with pytest.raises(UnsafeDatabase, match="a crash of its machine would damage the database"):
        async with postgres(careless):
            pass


def test_only_this_machine_is_here() -> None:
    assert all(map(durability.is_here, ("127.0.0.1", "localhost", "::1", "/var/run/postgresql", "")))
    assert not any(map(durability.is_here, ("10.0.0.7", "db", "localhost.example.org")))
