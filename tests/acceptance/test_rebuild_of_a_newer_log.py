"""A log with events of a newer version is not rebuilt from, and the command says so without a traceback."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.presage_process import presage, presage_here


@pytest.mark.parametrize("names", [["--all"], ["balances"]])
def test_a_rebuild_names_the_event_that_it_cannot_read(tmp_path: Path, names: list[str]) -> None:
    assert presage_here("deposit", "ann", 5, "--data", tmp_path).status == 0
    with closing(sqlite3.connect(tmp_path / "log.db")) as log, log:
        log.execute("UPDATE types SET name = 'FromTheFuture' WHERE name = 'FundsDeposited'")
    ended = presage("rebuild", *names, "--json", "--data", tmp_path)
    told = json.loads(ended.stdout.splitlines()[-1])["error"]
    assert (ended.status, told["code"]) == (1, "unreadable_event")
    assert "FromTheFuture" in told["message"]
    assert "newer Presage" in told["message"]
